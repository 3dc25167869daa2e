// The part of JobActor that hears of failures, and ends what has failed. The machine and the
// failover that it carries decide what restarts, and when.
#include "actors/job_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

using runtime::JobFailure;

void JobActorState::on_task_failed(const TaskFailed& failed) {
  if (!regions_->is_current(failed.from)) return;
  const std::string subtask = plan().name_of(failed.from.subtask);
  std::string cause = "subtask " + subtask + ": ";
  if (!failed.failure.operator_name.empty())
    cause += "operator \"" + failed.failure.operator_name + "\": ";
  fail({cause + failed.failure.message, failed.failure.kind}, {failed.from.subtask});
}

void JobActorState::on_checkpoints_failed(const CheckpointsFailed& failed) {
  if (failed.attempt == execution_.attempt) fail({failed.reason, JobFailure::Kind::transient});
}

/// Nobody in the circle will ever go on, but a restart empties its channels.
void JobActorState::on_deadlocked(const JobDeadlocked& deadlocked) {
  if (deadlocked.attempt != execution_.attempt) return;
  fail({"the job is deadlocked: " + deadlocked.circle +
            "; if it happens again, give its channels more room with "
            "taskmanager.network.memory.buffers-per-channel",
        JobFailure::Kind::transient});
}

/// The node's actors may live on, out of reach: nobody waits for their end. Whatever they still say
/// is of an attempt that is over.
void JobActorState::on_node_lost(const NodeLost& lost) {
  if (!living_.lose_node(lost.node)) return;
  const auto before = machine_->state();
  if (before == runtime::JobState::failing || before == runtime::JobState::cancelling)
    return check_ended();
  fail({lost.node + ": " + lost.reason, JobFailure::Kind::transient});
}

void JobActorState::on_down(const caf::down_msg& down) {
  const std::optional<Watched> who = living_.remove(down.source);
  if (!who) return;
  if (machine_->state() == runtime::JobState::failing ||
      machine_->state() == runtime::JobState::cancelling)
    return check_ended();
  if (who->subtask && !regions_->is_current(*who->subtask)) return check_ended();
  const bool is_cut_off = down.reason == caf::exit_reason::remote_link_unreachable;
  std::set<SubtaskId> failed;
  if (who->subtask) failed.insert(who->subtask->subtask);
  fail({who->name + " died: " + (is_cut_off ? "its connection broke" : caf::to_string(down.reason)),
        JobFailure::Kind::transient},
       failed);
}

/// `failed`: the subtasks that are known to have failed, and nothing besides them; none if that is
/// not known.
void JobActorState::fail(const JobFailure& failure, const std::set<SubtaskId>& failed) {
  const auto before = machine_->state();
  runtime::JobActions actions;
  std::optional<Duration> part_restarts_at;
  if (const auto affected = regions_->affected_by(failed))
    part_restarts_at = machine_->on_part_failure(failure, *affected, now(), actions);
  else
    actions = machine_->on_failure(failure, now());
  if (part_restarts_at || machine_->state() != before)
    spawn_->services.log.warn(part_restarts_at ? "a part of the job failed" : "the job failed",
                              {{"cause", failure.cause}, {"attempt", view_.attempt.value()}});
  perform(actions);
  if (part_restarts_at) perform(regions_->on_failure(failed, *part_restarts_at));
}

void JobActorState::watch(const caf::actor_addr& actor, Watched watched) {
  self_->monitor<caf::message_priority::high>(actor);
  living_.add(actor, std::move(watched));
}

/// Kills everything that belongs to the execution; nodes stay for the next one.
void JobActorState::end_execution() {
  give_up_savepoints("the job failed or was ended");
  regions_->on_execution_over();
  living_.end_execution();
  execution_.coordinator = nullptr;
  check_ended();
}

/// Goes on if all is gone of what is being ended: the execution, or some subtasks of it.
void JobActorState::check_ended() {
  if (machine_->state() == runtime::JobState::running) {
    if (!living_.is_deploying() && !living_.has_any(regions_->restarting()))
      perform(regions_->on_ended());
  } else if (living_.has_only_nodes()) {
    perform(machine_->on_execution_ended());
  }
}

}  // namespace weir::actors
