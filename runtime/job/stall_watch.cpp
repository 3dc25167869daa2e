#include "runtime/job/stall_watch.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {
namespace {

constexpr Duration kSlow = std::chrono::seconds{1};      // what is faster nobody asks about
constexpr Duration kPatience = std::chrono::seconds{1};  // with who does not answer
constexpr int kTimesUsual = 3;

}  // namespace

StallWatch::StallWatch(Wiring wiring, Duration timeout)
    : wiring_{std::move(wiring)}, timeout_{timeout}, patience_{std::min(kPatience, timeout / 4)} {}

void StallWatch::on_begun(CheckpointId id, Duration now) {
  Watched watched{.deadline = now + timeout_,
                  .pause = std::max(kSlow, kTimesUsual * usual_.value_or(Duration{}))};
  watched.due = std::min(now + watched.pause, last_chance(watched));
  watched_.emplace(id, std::move(watched));
}

std::string StallWatch::on_ended(CheckpointId id, std::optional<Duration> duration) {
  // The last ones count most, and one that is far off does not hide what is usual.
  if (duration) usual_ = usual_ ? (3 * *usual_ + *duration) / 4 : *duration;
  const auto node = watched_.extract(id);
  return node.empty() ? std::string{} : std::move(node.mapped().waits_on);
}

std::optional<Duration> StallWatch::next_wake() const {
  if (round_) return round_->began + patience_;
  std::optional<Duration> wake;
  for (const auto& [id, watched] : watched_) {
    if (watched.due) wake = wake ? std::min(*wake, *watched.due) : *watched.due;
  }
  return wake;
}

bool StallWatch::is_due(Duration now) const {
  const auto wake = next_wake();
  return !round_ && wake && *wake <= now;
}

std::uint64_t StallWatch::begin_round(const std::vector<SubtaskId>& asked, Duration now) {
  round_.emplace(Round{.began = now, .asked = {asked.begin(), asked.end()}});
  return ++rounds_;
}

void StallWatch::on_situation(std::uint64_t round, SubtaskId from, SubtaskSituation situation) {
  if (round_ && round == rounds_ && round_->asked.contains(from))
    round_->answers.insert_or_assign(from, std::move(situation));
}

bool StallWatch::is_round_over(Duration now) const {
  return round_ &&
         (round_->answers.size() == round_->asked.size() || now >= round_->began + patience_);
}

std::vector<CheckpointId> StallWatch::to_explain() const {
  std::vector<CheckpointId> ids;
  for (const auto& [id, watched] : watched_) {
    if (round_ && watched.due && *watched.due <= round_->began) ids.push_back(id);
  }
  return ids;
}

void StallWatch::explain(CheckpointId id, const std::vector<SubtaskId>& missing) {
  WEIR_ASSERT(round_, "nobody has been asked what a checkpoint waits on");
  note(id, explain_stall(wiring_, id, missing, round_->answers).text);
}

std::optional<Deadlock> StallWatch::end_round(Duration now) {
  auto deadlock = find_deadlock(wiring_, round_->answers);
  for (const CheckpointId id : to_explain()) {
    Watched& watched = watched_.at(id);
    const Duration next = now + (deadlock ? patience_ : watched.pause);
    watched.pause *= 2;
    if (now < last_chance(watched))
      watched.due = std::min(next, last_chance(watched));
    else
      watched.due.reset();
  }
  const bool is_certain = deadlock && has_stood_still(*deadlock, before_, round_->answers);
  before_ = std::move(round_->answers);
  round_.reset();
  return is_certain ? std::move(deadlock) : std::nullopt;
}

}  // namespace weir::runtime
