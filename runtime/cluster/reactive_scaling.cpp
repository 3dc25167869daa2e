#include "runtime/cluster/reactive_scaling.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {
namespace {

std::string slots_text(std::uint32_t n) {
  return std::to_string(n) + (n == 1 ? " slot" : " slots");
}

}  // namespace

ScalingActions ReactiveScaling::on_members(const Membership& view, std::uint32_t available,
                                           Duration now) {
  workers_.clear();
  for (const Member& member : view.members)
    workers_.emplace(member.id, Known{member.info.name, member.state == WorkerState::ready});
  note(available, now);
  ScalingActions actions;
  if (state_ == State::starting && available_ < std::max(range_.least, parallelism_)) {
    state_ = State::waiting;  // some of what was decided on is gone
    deadline_ = now + options_.wait_timeout;
  }
  if (state_ == State::waiting) decide(now, actions);
  return actions;
}

ScalingActions ReactiveScaling::on_request(std::uint32_t available, Duration now) {
  note(available, now);
  state_ = State::waiting;
  deadline_ = now + options_.wait_timeout;
  shown_.clear();
  ScalingActions actions;
  decide(now, actions);
  return actions;
}

void ReactiveScaling::on_granted(Duration now) {
  state_ = State::running;
  running_since_ = now;
  ran_with_ = parallelism_;
  ran_on_ = std::exchange(decided_with_, {});
}

ScalingActions ReactiveScaling::on_tick(Duration now) {
  ScalingActions actions;
  if (state_ == State::waiting) decide(now, actions);
  if (may_grow() && grows_at() <= now) {
    state_ = State::rescaling;
    actions.push_back(Rescale{target()});
  }
  return actions;
}

std::optional<Duration> ReactiveScaling::next_wake() const {
  if (may_grow()) return grows_at();
  if (state_ != State::waiting) return std::nullopt;
  return is_enough() ? stable_at() : *deadline_;
}

void ReactiveScaling::note(std::uint32_t available, Duration now) {
  if (available == available_) return;
  available_ = available;
  changed_at_ = now;
}

Duration ReactiveScaling::grows_at() const {
  return std::max(changed_at_ + options_.running_stabilization, running_since_ + options_.cooldown);
}

/// When a job that waits has waited enough for more slots than those that suffice.
Duration ReactiveScaling::stable_at() const {
  return std::min(changed_at_ + options_.start_stabilization, *deadline_);
}

void ReactiveScaling::decide(Duration now, ScalingActions& actions) {
  if (is_enough()) {
    const bool must_wait = awaits_more_ && target() < range_.most && now < stable_at();
    if (!must_wait) return start(actions);
    return show("waiting whether more slots come: cluster has " + slots_text(available_), actions);
  }
  awaits_more_ = true;
  const std::string missing = "job needs at least " + std::to_string(range_.least) +
                              ", cluster has " + slots_text(available_);
  if (now < *deadline_) return show("waiting for slots: " + missing, actions);
  state_ = State::idle;
  actions.push_back(WaitedTooLong{
      {ErrorCode::deadline_exceeded,
       "no slots within " + base::format_duration(options_.wait_timeout) +
           " (jobmanager.adaptive-scheduler.submission.resource-wait-timeout): " + missing +
           "; start more workers, or give them more slots (taskmanager.numberOfTaskSlots)"}});
}

void ReactiveScaling::start(ScalingActions& actions) {
  state_ = State::starting;
  awaits_more_ = false;
  parallelism_ = target();
  decided_with_ = workers_;
  std::string why;
  if (ran_with_ != 0 && ran_with_ != parallelism_)
    why = "rescaled from " + std::to_string(ran_with_) + " to " + std::to_string(parallelism_) +
          changes();
  actions.push_back(StartWith{parallelism_, ++decision_, std::move(why)});
}

void ReactiveScaling::show(const std::string& what, ScalingActions& actions) {
  if (std::exchange(shown_, what) != what) actions.push_back(ShowWaiting{what});
}

/// ": worker w2 was lost, worker w3 joined": what is different since the job ran last.
std::string ReactiveScaling::changes() const {
  std::string text;
  const auto add = [&text](const std::string& name, const char* what) {
    text += (text.empty() ? ": worker " : ", worker ") + name + what;
  };
  for (const auto& [id, worker] : ran_on_) {
    const auto at = workers_.find(id);
    if (!worker.is_ready) continue;
    if (at == workers_.end())
      add(worker.name, " was lost");
    else if (!at->second.is_ready)
      add(worker.name, " takes no more subtasks");
  }
  for (const auto& [id, worker] : workers_) {
    const auto at = ran_on_.find(id);
    if (worker.is_ready && (at == ran_on_.end() || !at->second.is_ready))
      add(worker.name, " joined");
  }
  return text;
}

}  // namespace weir::runtime
