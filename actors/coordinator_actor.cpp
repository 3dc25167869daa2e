#include "actors/coordinator_actor.hpp"

#include "actors/blocking.hpp"
#include "actors/control.hpp"
#include "base/paths.hpp"
#include "base/random.hpp"
#include "checkpoint/savepoint.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {

using namespace checkpoint;

namespace {

constexpr Duration kRepeatAfter = std::chrono::seconds{1};

}  // namespace

/// Performs the coordinator's actions.
struct Perform {
  CoordinatorState& state;

  void operator()(const ReserveId& action) const {
    state.stalls_->on_begun(action.id, state.now());
    ask_blocking(
        state.self_, state.services_->pool,
        [job = state.hosted_, epoch = state.epoch(), action, env = &state.services_->env] {
          if (action.directory.empty()) return job->storage->reserve(epoch, action.id);
          Status status = job->storage->reserve_for_savepoint(epoch, action.id);
          return status.ok() ? create_savepoint(*env, action.directory) : status;
        },
        [this_state = &state, id = action.id](const Status& status) {
          this_state->perform(this_state->coordinator_->on_reserved(
              id, status, this_state->now(), this_state->services_->clock.wall()));
        });
  }

  void operator()(const TriggerSources& action) const {
    // First what the sources still hold, then the triggers: what is assigned later comes behind.
    state.sources_->remaining[action.barrier.id] =
        state.sources_->splits.on_triggered(action.barrier.id);
    for (const TaskHandle& task : state.tasks_) {
      if (state.plan().is_source(task.id.vertex))
        send_control(state.self_, *state.services_, task.actor, "Trigger",
                     TriggerCheckpoint{action.barrier});
    }
    if (auto progress = state.coordinator_->progress(action.barrier.id, state.now()))
      state.self_->send(state.job_,
                        CheckpointUnderWay{state.attempt_, std::move(progress->record), {}, ""});
  }

  void operator()(Publish& action) const {
    const CheckpointId id = action.barrier.id;
    const std::string directory = action.barrier.directory;
    state.reached(Phase::completed, id);
    CheckpointMetadata metadata =
        runtime::make_metadata(state.plan(), state.hosted_->context->run(), state.epoch(),
                               std::move(action), std::move(state.sources_->remaining[id]));
    state.sources_->remaining.erase(id);
    ask_blocking(
        state.self_, state.services_->pool,
        [job = state.hosted_, epoch = state.epoch(), metadata = std::move(metadata), directory,
         env = &state.services_->env] {
          if (directory.empty()) return job->storage->publish(epoch, metadata);
          Status status = publish_savepoint(*env, directory, metadata);
          if (!status.ok() || metadata.kind == CheckpointKind::savepoint) return status;
          return job->storage->note_savepoint(epoch, metadata.id, directory);
        },
        [this_state = &state, id](const Status& status) {
          this_state->perform(
              this_state->coordinator_->on_published(id, status, this_state->now()));
        });
  }

  void operator()(const NotifyCompleted& action) const {
    const CheckpointReport& report = action.report;
    state.reached(Phase::committing, report.id);
    state.sources_->splits.on_completed(report.id);
    const bool is_last = report.is_final || report.kind == CheckpointKind::stop;
    state.notify_completed(report.id, is_last);
    if (is_last) state.repeat_completed(report.id);
    state.self_->send(state.job_, CheckpointDone{state.attempt_, report});
    if (action.record) note(*action.record, "");
  }

  void operator()(const NotifyAborted& action) const {
    state.sources_->remaining.erase(action.id);
    if (action.was_triggered) tell_aborted(action.id);
    std::string why = state.reason_of(action.reason, action.detail, action.missing);
    const std::string waited_on = note(action.record, why);
    if (action.is_savepoint) return;
    if (!waited_on.empty()) why += "; it waited on " + waited_on;
    state.self_->send(state.job_, CheckpointLost{state.attempt_, action.id, action.kind, why});
  }

  void operator()(const SavepointCompleted& action) const {
    state.self_->send(state.job_, SavepointEnded{state.attempt_,
                                                 {action.ticket, ErrorCode::ok, action.directory}});
    note(action.record, "");
  }

  void operator()(const SavepointFailed& action) const {
    state.self_->send(
        state.job_,
        SavepointEnded{state.attempt_,
                       {action.ticket, ErrorCode::unavailable,
                        "the savepoint failed: " +
                            state.reason_of(action.reason, action.detail, action.missing)},
                       action.has_drained});
  }

  void operator()(const DropSavepoint& action) const {
    state.services_->pool.submit(
        [env = &state.services_->env, directory = action.directory, log = &state.services_->log] {
          const Status status = delete_savepoint(*env, directory);
          if (!status.ok())
            log->warn("a savepoint that nobody needs any more cannot be deleted",
                      {{"directory", directory}, {"error", status.message()}});
        });
  }

  void operator()(const DropFiles& action) const {
    drop(action.id, [id = action.id](CheckpointStorage& storage, Epoch epoch) {
      return storage.drop(epoch, id);
    });
  }

  void operator()(const DropState& action) const {
    std::vector<std::string> files = action.state.paths();
    if (!action.directory.empty()) return drop_files(action.directory, std::move(files));
    drop(action.id, [id = action.id, files](CheckpointStorage& storage, Epoch epoch) {
      return storage.drop_files(epoch, id, files);
    });
  }

  void operator()(const FailJob& action) const {
    state.self_->send(state.job_, CheckpointsFailed{state.attempt_, action.reason});
  }

private:
  void tell_aborted(CheckpointId id) const {
    for (const TaskHandle& task : state.tasks_)
      send_control(state.self_, *state.services_, task.actor, "Aborted", CheckpointAborted{id});
  }

  /// For the job's history. Returns what it waited on, if it was slow.
  std::string note(const CheckpointRecord& record, const std::string& failure) const {
    // Savepoints take longer: they say nothing of what is usual.
    const bool is_usual = failure.empty() && record.kind != CheckpointKind::savepoint;
    std::string waited_on = state.stalls_->on_ended(
        record.id, is_usual ? std::optional{record.duration} : std::nullopt);
    state.self_->send(state.job_, CheckpointEnded{state.attempt_, record, failure, waited_on});
    return waited_on;
  }

  /// Of a savepoint. One that stays behind is in nobody's way.
  void drop_files(const std::string& directory, std::vector<std::string> files) const {
    state.services_->pool.submit(
        [env = &state.services_->env, directory, files = std::move(files)] {
          for (const std::string& file : files)
            (void)env->remove_file(base::join_path(directory, file));
        });
  }

  /// Deletes in the background. What cannot be deleted now is tried again when the job ends.
  template <class F>
  void drop(CheckpointId id, F f) const {
    base::Logger* log = &state.services_->log;
    state.services_->pool.submit([job = state.hosted_, epoch = state.epoch(), id, f, log] {
      const Status status = f(*job->storage, epoch);
      if (!status.ok() && status.code() != ErrorCode::fenced)
        log->warn("files of a checkpoint cannot be deleted",
                  {{"checkpoint", id.value()}, {"error", status.message()}});
    });
  }
};

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
  coordinator_.emplace(hosted_->context->options().checkpoint, execution_->record.last_id,
                       execution_->retained, execution_->claimed, plan().has_feedback());
  sources_.emplace(Sources{runtime::SourceSplits{plan(), execution_->restore}});
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

/// For people.
std::string CoordinatorState::reason_of(FailureReason reason, const std::string& detail,
                                        const std::vector<SubtaskId>& missing) const {
  std::string text{describe(reason)};
  if (!detail.empty()) text += ": " + detail;
  if (!missing.empty()) text += "; no answer from";
  for (const SubtaskId id : missing) text += " " + plan().name_of(id);
  return text;
}

void CoordinatorState::notify_completed(CheckpointId id, bool is_last) {
  for (const TaskHandle& task : tasks_)
    send_control(self_, *services_, task.actor, "Completed", CheckpointCompleted{id, is_last});
}

/// The last checkpoint lets subtasks end, and no later one would make up for a lost notification:
/// so it is said again until the job has ended and this actor with it.
void CoordinatorState::repeat_completed(CheckpointId id) {
  self_->delayed_send(self_, kRepeatAfter, Continue{[this, id] {
                        notify_completed(id, true);
                        repeat_completed(id);
                      }});
}

void CoordinatorState::on_wake(Duration at) {
  if (wake_at_ == at) wake_at_.reset();
  watch_stalls();
  perform(coordinator_->on_tick(now()));
}

void CoordinatorState::perform(Actions actions) {
  try {
    for (Action& action : actions) std::visit(Perform{*this}, action);
    prepare_if_decided();
    schedule_wake();
  } catch (const runtime::Killed&) {
    self_->quit(caf::exit_reason::kill);  // as a crash would: nothing is said
  }
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
