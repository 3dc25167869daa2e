#include "actors/coordinator_actor.hpp"

#include "actors/blocking.hpp"
#include "actors/control.hpp"
#include "base/random.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {

using namespace checkpoint;

void CoordinatorState::begin(HostedJobPtr hosted, const Services& services, JobActor job,
                             AttemptId attempt) {
  hosted_ = std::move(hosted);
  services_.emplace(services);
  job_ = std::move(job);
  attempt_ = attempt;
  ask_blocking(
      self_, services_->pool,
      [hosted = hosted_, services, attempt] {
        return runtime::begin_execution(
            hosted->launch, {*hosted->storage, services.env, services.clock, hosted->context->run(),
                             attempt, services.log});
      },
      [this](Result<runtime::Execution> execution) {
        if (execution.ok()) return on_begun(std::move(execution).value());
        using Kind = runtime::JobFailure::Kind;
        const ErrorCode code = execution.status().code();
        const bool is_bad_state =
            code == ErrorCode::corrupt || code == ErrorCode::failed_precondition;
        // What is wrong before anything ran is wrong with the job, not with the moment.
        const bool has_run =
            attempt_ > AttemptId{1} || (hosted_->launch.goes_on && runtime::may_pass(code));
        const Kind kind = is_bad_state ? Kind::not_restorable
                          : has_run    ? Kind::transient
                                       : Kind::permanent;
        self_->send(job_, ExecutionRefused{attempt_, {execution.status().message(), kind}});
      });
}

void CoordinatorState::on_begun(runtime::Execution execution) {
  execution_.emplace(std::move(execution));
  runtime::CheckpointRegions parts = runtime::checkpoint_regions(plan());
  if (!parts.why_none.empty())
    services_->log.info("each checkpoint needs all of the job", {{"reason", parts.why_none}});
  coordinator_.emplace(hosted_->context->options().checkpoint, execution_->record.last_id,
                       execution_->retained, execution_->claimed, plan().has_feedback(),
                       std::move(parts.regions));
  sources_.emplace(Sources{runtime::SourceSplits{plan(), execution_->restore}});
  groups_.emplace(plan());
  stalls_.emplace(runtime::wiring_of(plan()), hosted_->context->options().checkpoint.timeout);
  self_->send(job_, ExecutionPrepared{attempt_, std::move(execution_->restore.subtasks),
                                      execution_->restore.directory, execution_->restored_from});
}

void CoordinatorState::on_running(TasksRunning& running) {
  tasks_ = std::move(running.tasks);
  std::vector<Speaker> participants;
  for (const TaskHandle& task : tasks_) participants.push_back({task.id, task.attempt});
  const CheckpointOptions& options = hosted_->context->options().checkpoint;
  // Drawn from [min pause, interval], so that jobs that start together do not checkpoint together.
  base::Random random{hosted_->seed + attempt_.value()};
  const Duration every = coordinator_->interval();
  const Duration least = std::min(options.min_pause, every);
  const auto spread = static_cast<std::uint64_t>((every - least).count());
  const Duration first = least + Duration{static_cast<Duration::rep>(random.below(spread + 1))};
  coordinator_->on_running(std::move(participants), now(), first);
  schedule_wake();
}

void CoordinatorState::on_ack(Ack& ack) {
  perform(coordinator_->on_ack(std::move(ack)));
}

void CoordinatorState::on_decline(const Decline& decline) {
  perform(coordinator_->on_decline(decline, now()));
}

/// A subtask that has failed, and others like it, may still have asked: what it would be given now
/// nobody would take back.
void CoordinatorState::on_request_splits(const RequestSplits& request) {
  const TaskHandle* task = find(request.from);
  if (task == nullptr) return;
  auto answer = sources_->splits.request(task->id);
  self_->send(task->actor, AssignSplits{std::move(answer.splits), answer.no_more});
}

void CoordinatorState::on_tell_time(const TellTime& told) {
  if (find(told.from) != nullptr) answer(groups_->on_told(told.from.subtask, told.time));
}

void CoordinatorState::answer(const std::vector<runtime::WatermarkGroup::Answer>& answers) {
  for (const auto& [to, least] : answers) {
    const auto task = std::find_if(tasks_.begin(), tasks_.end(),
                                   [to = to](const TaskHandle& known) { return known.id == to; });
    if (task != tasks_.end())
      send_control(self_, *services_, task->actor, "GroupTime", GroupTime{least});
  }
}

const TaskHandle* CoordinatorState::find(const Speaker& speaker) const {
  const auto task = std::find_if(tasks_.begin(), tasks_.end(), [&](const TaskHandle& known) {
    return known.id == speaker.subtask && known.attempt == speaker.attempt;
  });
  return task == tasks_.end() ? nullptr : &*task;
}

void CoordinatorState::on_set_interval(const SetInterval& set) {
  coordinator_->set_interval(set.interval);
  schedule_wake();
}

/// Before anything could be restored there is nobody who reads.
void CoordinatorState::on_backlog(const SourceBacklog& backlog) {
  if (coordinator_) perform(coordinator_->on_backlog(backlog.from, backlog.is_backlog, now()));
}

void CoordinatorState::on_request_checkpoint(const RequestCheckpoint& request) {
  perform(coordinator_->on_request(request.kind, now()));
}

void CoordinatorState::on_request_savepoint(RequestSavepoint& request) {
  if (coordinator_) return perform(coordinator_->on_savepoint_request(std::move(request), now()));
  self_->send(job_, SavepointEnded{attempt_,
                                   {std::move(request.ticket), ErrorCode::unavailable,
                                    "the job is starting; ask again"}});
}

void CoordinatorState::on_wake(Duration at) {
  if (wake_at_ == at) wake_at_.reset();
  watch_stalls();
  perform(coordinator_->on_tick(now()));
}

void CoordinatorState::schedule_wake() {
  std::optional<Duration> next = coordinator_->next_wake();
  if (const auto stalls = stalls_->next_wake()) next = next ? std::min(*next, *stalls) : *stalls;
  if (!next || (wake_at_ && *wake_at_ <= *next)) return;
  wake_at_ = next;
  self_->delayed_send(self_, std::max(*next - now(), Duration{}), Wake{*next});
}

void CoordinatorState::reached(Phase phase, CheckpointId id) {
  base::FaultPoints& faults = services_->faults;
  if (faults.armed() && faults.reached(name, phase, id.value())) throw runtime::Killed{};
}

CoordinatorActor::behavior_type coordinator_actor(CoordinatorState::Self self, HostedJobPtr hosted,
                                                  Services services, JobActor job,
                                                  AttemptId attempt) {
  CoordinatorState& state = self->state;
  state.begin(std::move(hosted), services, std::move(job), attempt);
  return {
      [&state](TasksRunning& running) { state.on_running(running); },
      [&state](const SubtasksFailed& failed) { state.on_subtasks_failed(failed); },
      [&state](PrepareSubtasks& prepare) { state.on_prepare_subtasks(prepare); },
      [&state](SubtasksRunning& running) { state.on_subtasks_running(running); },
      [&state](AckCheckpoint& ack) { state.on_ack(ack); },
      [&state](const DeclineCheckpoint& decline) { state.on_decline(decline); },
      [&state](const RequestSplits& request) { state.on_request_splits(request); },
      [&state](const TellTime& told) { state.on_tell_time(told); },
      [&state](TaskSituation& situation) { state.on_situation(situation); },
      [&state](const SetInterval& set) { state.on_set_interval(set); },
      [&state](const SourceBacklog& backlog) { state.on_backlog(backlog); },
      [&state](const RequestCheckpoint& request) { state.on_request_checkpoint(request); },
      [&state](RequestSavepoint& request) { state.on_request_savepoint(request); },
      [&state](const Wake& wake) { state.on_wake(wake.at); },
      [](const Continue& message) { message.then(); },
  };
}

}  // namespace weir::actors
