#include "runtime/job/job_machine.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::runtime {
namespace {

struct Transition {
  JobState from;
  JobState to;
};

/// Every legal transition; anything else is a programming error.
constexpr std::array kTransitions{
    Transition{JobState::created, JobState::scheduling},
    Transition{JobState::created, JobState::ended},
    Transition{JobState::scheduling, JobState::preparing},
    Transition{JobState::scheduling, JobState::failing},
    Transition{JobState::scheduling, JobState::cancelling},
    Transition{JobState::preparing, JobState::deploying},
    Transition{JobState::preparing, JobState::failing},
    Transition{JobState::preparing, JobState::cancelling},
    Transition{JobState::deploying, JobState::running},
    Transition{JobState::deploying, JobState::failing},
    Transition{JobState::deploying, JobState::cancelling},
    Transition{JobState::running, JobState::failing},
    Transition{JobState::running, JobState::cancelling},
    Transition{JobState::running, JobState::finishing},
    Transition{JobState::failing, JobState::restarting},
    Transition{JobState::failing, JobState::cancelling},
    Transition{JobState::failing, JobState::ended},
    Transition{JobState::restarting, JobState::scheduling},
    Transition{JobState::failing, JobState::finishing},
    Transition{JobState::restarting, JobState::finishing},
    Transition{JobState::cancelling, JobState::finishing},
    Transition{JobState::cancelling, JobState::ended},
    Transition{JobState::finishing, JobState::ended},
};

}  // namespace

std::string_view to_string(JobState state) noexcept {
  switch (state) {
    case JobState::created: return "created";
    case JobState::scheduling: return "waiting for slots";
    case JobState::preparing: return "preparing";
    case JobState::deploying: return "deploying";
    case JobState::running: return "running";
    case JobState::failing: return "failing";
    case JobState::restarting: return "restarting";
    case JobState::cancelling: return "cancelling";
    case JobState::finishing: return "finishing";
    case JobState::ended: return "ended";
  }
  return "unknown state";
}

std::string_view to_string(JobOutcome::Kind kind) noexcept {
  switch (kind) {
    case JobOutcome::Kind::finished: return "finished";
    case JobOutcome::Kind::stopped: return "stopped";
    case JobOutcome::Kind::cancelled: return "cancelled";
    case JobOutcome::Kind::failed: return "failed";
    case JobOutcome::Kind::not_restorable: return "cannot be restored";
  }
  return "unknown outcome";
}

JobMachine::JobMachine(Options options, RestartPolicy restart)
    : options_{std::move(options)}, restart_{std::move(restart)} {
  WEIR_ASSERT(!options_.subtasks.empty(), "a job needs a subtask");
}

void JobMachine::move_to(JobState next) {
  const bool is_legal = std::any_of(kTransitions.begin(), kTransitions.end(),
                                    [&](Transition t) { return t.from == state_ && t.to == next; });
  WEIR_ASSERT(is_legal, "a job took a step that its life does not allow");
  state_ = next;
}

JobActions JobMachine::on_start() {
  if (options_.has_finished_before) {
    move_to(JobState::ended);
    return {EndJob{{JobOutcome::Kind::finished, ""}}};
  }
  JobActions actions;
  begin_execution(actions);
  return actions;
}

void JobMachine::begin_execution(JobActions& actions) {
  move_to(JobState::scheduling);
  attempt_ = attempt_.next();
  is_part_restarting_ = false;
  actions.push_back(AcquireSlots{attempt_});
}

JobActions JobMachine::on_slots() {
  if (state_ != JobState::scheduling) return {};
  move_to(JobState::preparing);
  return {PrepareExecution{attempt_}};
}

void JobMachine::on_new_plan(std::set<SubtaskId> subtasks) {
  WEIR_ASSERT(state_ == JobState::scheduling, "a job has changed its plan while it runs");
  WEIR_ASSERT(!subtasks.empty(), "a job needs a subtask");
  options_.subtasks = std::move(subtasks);
}

JobActions JobMachine::on_prepared() {
  if (state_ != JobState::preparing) return {};
  move_to(JobState::deploying);
  waiting_for_ = options_.subtasks;
  return {DeploySubtasks{attempt_}};
}

JobActions JobMachine::on_ready(SubtaskId subtask) {
  if (state_ != JobState::deploying || waiting_for_.erase(subtask) == 0 || !waiting_for_.empty())
    return {};
  move_to(JobState::running);
  waiting_for_ = options_.subtasks;
  not_done_ = options_.subtasks;
  JobActions actions{StartSubtasks{}};
  if (ending_ == Ending::stopping) actions.push_back(RequestStopCheckpoint{});
  return actions;
}

JobActions JobMachine::on_failure(const JobFailure& failure, Duration now) {
  const bool is_under_way = state_ == JobState::scheduling || state_ == JobState::preparing ||
                            state_ == JobState::deploying || state_ == JobState::running;
  if (!is_under_way)
    return {};  // a consequence of the failure that is being dealt with, or too late
  last_failure_ = failure.cause;
  JobActions actions;
  if (ending_ == Ending::stopping) {
    give_up({JobOutcome::Kind::cancelled, "the job failed while it stopped: " + failure.cause},
            actions);
    return actions;
  }
  ending_ = Ending::none;
  if (failure.kind != JobFailure::Kind::transient) {
    move_to(JobState::failing);
    actions.push_back(EndExecution{});
    outcome_ =
        JobOutcome{failure.kind == JobFailure::Kind::permanent ? JobOutcome::Kind::failed
                                                               : JobOutcome::Kind::not_restorable,
                   failure.cause};
    return actions;
  }
  end_execution(failure, restart_.on_failure(now), actions);
  return actions;
}

std::optional<Duration> JobMachine::on_part_failure(const JobFailure& failure,
                                                    const std::set<SubtaskId>& affected,
                                                    Duration now, JobActions& actions) {
  // Once everything is drained, subtasks end one by one: a part of them could go back no more.
  const bool can_restart_part = state_ == JobState::running && ending_ == Ending::none &&
                                !waiting_for_.empty() &&
                                failure.kind == JobFailure::Kind::transient;
  if (!can_restart_part) {
    actions = on_failure(failure, now);
    return std::nullopt;
  }
  last_failure_ = failure.cause;
  const RestartPolicy::Decision decision = restart_.on_failure(now);
  if (!decision.restarts) {
    end_execution(failure, decision, actions);
    return std::nullopt;
  }
  restarts_ += decision.is_new_attempt ? 1 : 0;
  is_part_restarting_ = true;
  waiting_for_.insert(affected.begin(), affected.end());  // they drain once more
  return decision.at;
}

JobActions JobMachine::on_part_refused(Duration now) {
  JobActions actions;
  if (state_ != JobState::running || !is_part_restarting_) return actions;
  if (ending_ == Ending::stopping)
    give_up({JobOutcome::Kind::cancelled, "the job failed while it stopped: " + last_failure_},
            actions);
  else
    end_execution({last_failure_}, {true, now, false}, actions);
  return actions;
}

JobActions JobMachine::on_part_running() {
  is_part_restarting_ = false;
  if (state_ == JobState::running && ending_ == Ending::stopping) return {RequestStopCheckpoint{}};
  return {};
}

/// Ends the execution under way because of a failure that a restart may cure.
void JobMachine::end_execution(const JobFailure& failure, const RestartPolicy::Decision& decision,
                               JobActions& actions) {
  move_to(JobState::failing);
  actions.push_back(EndExecution{});
  if (decision.restarts) {
    restart_at_ = decision.at;
    restarts_ += decision.is_new_attempt ? 1 : 0;
  } else {
    outcome_ =
        JobOutcome{JobOutcome::Kind::failed, failure.cause + " (" + restart_.describe() + ")"};
  }
}

JobActions JobMachine::on_relocation(Duration now) {
  if (state_ != JobState::running || ending_ != Ending::none || is_part_restarting_) return {};
  move_to(JobState::failing);
  restart_at_ = now;
  return {EndExecution{}};
}

JobActions JobMachine::on_execution_ended() {
  if (state_ == JobState::cancelling) {
    move_to(JobState::finishing);
    return {CleanUp{*outcome_}};
  }
  if (state_ != JobState::failing) return {};
  if (outcome_ && outcome_->kind == JobOutcome::Kind::not_restorable) {  // nothing was touched
    move_to(JobState::ended);
    return {EndJob{*outcome_}};
  }
  if (outcome_) {
    move_to(JobState::finishing);
    return {CleanUp{*outcome_}};
  }
  move_to(JobState::restarting);
  return {WaitForRestart{*restart_at_}};
}

JobActions JobMachine::on_restart_due() {
  JobActions actions;
  if (state_ == JobState::restarting) begin_execution(actions);
  return actions;
}

JobActions JobMachine::on_drained(SubtaskId subtask) {
  if (state_ != JobState::running || waiting_for_.erase(subtask) == 0 || !waiting_for_.empty())
    return {};
  return end_of_input();
}

/// All input has been processed. A drain has its own last checkpoint.
JobActions JobMachine::end_of_input() const {
  if (ending_ == Ending::draining || ending_ == Ending::drained) return {};
  if (options_.needs_end_checkpoint) return {RequestEndCheckpoint{}};
  return {EndWithoutCheckpoint{}};
}

JobActions JobMachine::on_done(SubtaskId subtask) {
  if (state_ != JobState::running || not_done_.erase(subtask) == 0 || !not_done_.empty()) return {};
  move_to(JobState::finishing);
  // A drain, or a stop that came when everything had been emitted anyway, is a finish.
  const bool has_stopped = ending_ != Ending::none && !waiting_for_.empty();
  outcome_ = JobOutcome{has_stopped ? JobOutcome::Kind::stopped : JobOutcome::Kind::finished, ""};
  return {CleanUp{*outcome_}};
}

JobActions JobMachine::on_stop_requested(bool at_once) {
  if (ending_ == Ending::drained && !at_once) return {};
  // From now on the job ends, whatever becomes of a savepoint.
  const bool was_requested = std::exchange(ending_, Ending::stopping) != Ending::none;
  const bool has_checkpoint = options_.can_stop_with_checkpoint && !at_once;
  switch (state_) {
    case JobState::created:
      move_to(JobState::ended);
      return {EndJob{{JobOutcome::Kind::cancelled, ""}}};
    case JobState::scheduling:
    case JobState::preparing:
    case JobState::deploying:
      if (has_checkpoint) return {};  // stops as soon as it runs
      break;
    case JobState::running:
      if (has_checkpoint) {
        if (was_requested || is_part_restarting_) return {};  // stops as soon as all of it runs
        return {RequestStopCheckpoint{}};
      }
      break;
    case JobState::failing:
      outcome_ = JobOutcome{JobOutcome::Kind::cancelled, last_failure_};
      move_to(JobState::cancelling);
      return {};
    case JobState::restarting:
      outcome_ = JobOutcome{JobOutcome::Kind::cancelled, last_failure_};
      move_to(JobState::finishing);
      return {CleanUp{*outcome_}};
    case JobState::cancelling:
    case JobState::finishing:
    case JobState::ended: return {};
  }
  JobActions actions;
  give_up({JobOutcome::Kind::cancelled, ""}, actions);
  return actions;
}

JobActions JobMachine::on_stop_checkpoint_failed(const std::string& why) {
  JobActions actions;
  if (state_ == JobState::running && ending_ == Ending::stopping)
    give_up({JobOutcome::Kind::cancelled, "the last checkpoint failed: " + why}, actions);
  return actions;
}

bool JobMachine::can_take_savepoint() const {
  return state_ == JobState::running && ending_ != Ending::draining && ending_ != Ending::drained;
}

bool JobMachine::on_stop_with_savepoint(bool drains) {
  if (state_ != JobState::running || ending_ != Ending::none || is_part_restarting_) return false;
  ending_ = drains ? Ending::draining : Ending::suspending;
  return true;
}

void JobMachine::on_stop_savepoint_completed() {
  if (ending_ == Ending::suspending) ending_ = Ending::stopping;
  if (ending_ == Ending::draining) ending_ = Ending::drained;
}

JobActions JobMachine::on_stop_savepoint_failed() {
  if (state_ != JobState::running) return {};
  // Somebody has asked for a plain stop meanwhile.
  if (ending_ == Ending::stopping) return {RequestStopCheckpoint{}};
  const bool has_drained = std::exchange(ending_, Ending::none) == Ending::draining;
  return has_drained && waiting_for_.empty() ? end_of_input() : JobActions{};
}

/// Ends the execution under way, and with it the job.
void JobMachine::give_up(JobOutcome outcome, JobActions& actions) {
  outcome_ = std::move(outcome);
  move_to(JobState::cancelling);
  actions.push_back(EndExecution{});
}

JobActions JobMachine::on_cleaned() {
  if (state_ != JobState::finishing) return {};
  move_to(JobState::ended);
  return {EndJob{*outcome_}};
}

}  // namespace weir::runtime
