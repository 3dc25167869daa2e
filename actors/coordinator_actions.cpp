// The part of CoordinatorActor that performs what the coordinator decides.
#include "actors/blocking.hpp"
#include "actors/control.hpp"
#include "actors/coordinator_actor.hpp"
#include "actors/storage_write.hpp"
#include "base/paths.hpp"
#include "checkpoint/savepoint.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

using namespace checkpoint;

namespace {

constexpr Duration kRepeatAfter = std::chrono::seconds{1};

/// Publishes a checkpoint that takes over the parts `carried` of another. In the pool.
Status publish_with(CheckpointStorage& storage, Epoch epoch, CheckpointMetadata metadata,
                    CheckpointId from, const std::set<PartName>& carried) {
  Status status = storage.take_over(metadata, from, carried);
  if (!status.ok())
    return status.with_context("what it takes over from checkpoint " +
                               std::to_string(from.value()));
  return storage.publish(epoch, metadata);
}

}  // namespace

/// Performs the coordinator's actions.
struct Perform {
  CoordinatorState& state;

  void operator()(const ReserveId& action) const {
    state.stalls_->on_begun(action.id, state.now());
    state.write(
        action.id,
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
    state.sources_->at_trigger[action.barrier.id] =
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
    auto splits = runtime::remaining_without(
        state.plan(), std::move(state.sources_->at_trigger.extract(id).mapped()), action.left_out);
    const auto carried = runtime::part_names(state.plan(), action.left_out);
    const CheckpointId from = action.taken_from;
    CheckpointMetadata metadata =
        runtime::make_metadata(state.plan(), state.hosted_->context->run(), state.epoch(),
                               std::move(action), std::move(splits));
    state.write(
        id,
        [job = state.hosted_, epoch = state.epoch(), metadata = std::move(metadata), directory,
         carried, from, env = &state.services_->env] {
          if (!carried.empty()) return publish_with(*job->storage, epoch, metadata, from, carried);
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

  void operator()(const NotifyLeftOut& action) const {
    for (const TaskHandle& task : state.tasks_) {
      if (!action.subtasks.contains(task.id)) continue;
      send_control(state.self_, *state.services_, task.actor, "Aborted",
                   CheckpointAborted{action.id});
    }
    state.services_->log.warn("a checkpoint goes on without a part of the job",
                              {{"checkpoint", action.id.value()},
                               {"subtasks", state.plan().names_of(action.subtasks)},
                               {"reason", state.reason_of(action.reason, action.detail, {})}});
  }

  void operator()(const NotifyCompleted& action) const {
    const CheckpointReport& report = action.report;
    state.reached(Phase::committing, report.id);
    state.sources_->splits.on_completed(report.id, report.left_out);
    const bool is_last = report.is_final || report.kind == CheckpointKind::stop;
    state.notify_completed(report.id, is_last, report.left_out);
    if (is_last) state.repeat_completed(report.id);
    state.self_->send(state.job_, CheckpointDone{state.attempt_, report});
    if (action.record) note(*action.record, "");
  }

  void operator()(const NotifyAborted& action) const {
    state.sources_->at_trigger.erase(action.id);
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
  std::string note(CheckpointRecord record, const std::string& failure) const {
    if (auto retries = state.write_retries_.extract(record.id); !retries.empty())
      record.write_retries = retries.mapped();
    // Savepoints, and those that waited for somebody, take longer: they say nothing of what is
    // usual.
    const bool is_usual =
        failure.empty() && record.kind != CheckpointKind::savepoint && record.left_out.empty();
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

void CoordinatorState::perform(Actions actions) {
  try {
    for (Action& action : actions) std::visit(Perform{*this}, action);
    prepare_if_decided();
    schedule_wake();
  } catch (const runtime::Killed&) {
    self_->quit(caf::exit_reason::kill);  // as a crash would: nothing is said
  }
}

/// As soon as the coordinator has given the checkpoint up nobody waits for it.
void CoordinatorState::write(CheckpointId id, std::function<Status()> work,
                             std::function<void(const Status&)> then) {
  const WriteRetryOptions& options = hosted_->context->options().checkpoint.write_retry;
  const auto is_wanted = [this, id] { return coordinator_->progress(id, now()).has_value(); };
  auto count = [this, id, is_wanted, then = std::move(then)](const base::Retry& retry) {
    if (retry.retries() != 0 && is_wanted()) write_retries_[id] += retry.retries();
    then(retry.outcome());
  };
  carry_out(self_, *services_,
            std::make_shared<StorageWrite>(
                StorageWrite{id, base::Retry{options, hosted_->seed + id.value()}, std::move(work),
                             is_wanted, std::move(count)}));
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

void CoordinatorState::notify_completed(CheckpointId id, bool is_last,
                                        const std::set<SubtaskId>& left_out) {
  for (const TaskHandle& task : tasks_) {
    if (!left_out.contains(task.id))
      send_control(self_, *services_, task.actor, "Completed", CheckpointCompleted{id, is_last});
  }
}

/// The last checkpoint lets subtasks end, and no later one would make up for a lost notification:
/// so it is said again until the job has ended and this actor with it.
void CoordinatorState::repeat_completed(CheckpointId id) {
  self_->delayed_send(self_, kRepeatAfter, Continue{[this, id] {
                        notify_completed(id, true, {});
                        repeat_completed(id);
                      }});
}

}  // namespace weir::actors
