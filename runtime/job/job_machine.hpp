// JobMachine: the life of a job, as a state machine. Pure: events in, actions out; the job actor
// carries it.
//
//   created ──► scheduling ──► preparing ──► deploying ──► running ──► finishing ──► ended
//                   ▲  │           │             │           │  │                     ▲
//                   │  └───────────┴─────────────┴───────────┘  └──► cancelling ──────┤
//                   │              │ a failure                                        │
//                restarting ◄── failing ──────────────────────────────────────────────┘ gives up
//
// scheduling  the job waits for a place for each of its subtasks
// preparing   the coordinator begins an epoch, chooses the checkpoint, recovers sinks, lists splits
// deploying   subtasks are spawned, connected, and restore their state
// failing     everything of this execution is being ended; a new one begins only when all of it has
// finishing   every subtask is done; checkpoints are cleaned up
//
// Invariants
//  - Subtasks of two executions never exist at the same time.
//  - A job that was asked to stop does not restart, except from behind the end of a drain.
#pragma once

#include "base/ids.hpp"
#include "runtime/job/restart.hpp"
#include "runtime/task/port.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir::runtime {

enum class JobState : std::uint8_t {
  created,
  scheduling,
  preparing,
  deploying,
  running,
  failing,
  restarting,
  cancelling,
  finishing,
  ended
};

std::string_view to_string(JobState state) noexcept;

/// How a job ended.
struct JobOutcome {
  enum class Kind : std::uint8_t {
    finished,   // all input was processed and committed
    stopped,    // somebody asked; a last checkpoint was taken, from which it can go on
    cancelled,  // somebody asked; without a last checkpoint
    failed,
    not_restorable,  // the state that it was to continue from cannot be used
  };
  Kind kind = Kind::finished;
  std::string reason = {};  // of a failure, or why a stop became a cancellation
};

std::string_view to_string(JobOutcome::Kind kind) noexcept;

/// Something that ends an execution.
struct JobFailure {
  using Kind = TaskFailure::Kind;
  std::string cause = {};  // names operator, subtask, node as far as known
  Kind kind = Kind::transient;
};

// What the carrier must do.
struct AcquireSlots {  // a place for every subtask; answer with on_slots
  AttemptId attempt;
};
struct PrepareExecution {  // answer with on_prepared
  AttemptId attempt;
};
struct DeploySubtasks {  // all of them; answer with on_ready for each
  AttemptId attempt;
};
struct StartSubtasks {};  // all are ready: tell them, and the coordinator
struct EndExecution {};   // kill subtasks and coordinator; answer with on_execution_ended
struct WaitForRestart {   // answer with on_restart_due
  Duration at;
};
struct RequestEndCheckpoint {};   // all subtasks have drained
struct RequestStopCheckpoint {};  // somebody asked to stop
struct EndWithoutCheckpoint {};   // flush sinks, then on_done for each subtask
struct CleanUp {  // delete checkpoints as the outcome demands; answer with on_cleaned
  JobOutcome outcome;
};
struct EndJob {
  JobOutcome outcome;
};

using JobAction = std::variant<AcquireSlots, PrepareExecution, DeploySubtasks, StartSubtasks,
                               EndExecution, WaitForRestart, RequestEndCheckpoint,
                               RequestStopCheckpoint, EndWithoutCheckpoint, CleanUp, EndJob>;
using JobActions = std::vector<JobAction>;

/// Whether a job that is stopped takes a last checkpoint first: if it takes any, and keeps it.
inline bool stops_behind_checkpoint(const CheckpointOptions& options) {
  return options.every > Duration{} && options.retention == Retention::retain_on_cancellation;
}

/// See the file comment.
class JobMachine {
public:
  struct Options {
    std::set<SubtaskId> subtasks = {};
    bool needs_end_checkpoint = true;  // something waits for a commit at the end of the input
    bool can_stop_with_checkpoint = true;
    bool has_finished_before = false;  // nothing is left to do
  };

  JobMachine(Options options, RestartPolicy restart);

  JobActions on_start();
  /// There is a place for every subtask.
  JobActions on_slots();
  /// From now on the job runs as these subtasks; to be said while it waits for slots.
  void on_new_plan(std::set<SubtaskId> subtasks);
  JobActions on_prepared();
  JobActions on_ready(SubtaskId subtask);
  /// A part of the running execution failed or died.
  JobActions on_failure(const JobFailure& failure, Duration now);
  /// A failure that is known to come from `affected` subtasks only, which can restart alone (see
  /// RegionFailover). Returns when they do: the others go on, and the job stays `running`. Returns
  /// none if the job must restart or end as a whole; `actions` then says what to do, as
  /// `on_failure` does.
  std::optional<Duration> on_part_failure(const JobFailure& failure,
                                          const std::set<SubtaskId>& affected, Duration now,
                                          JobActions& actions);
  /// The subtasks that failed alone cannot restart alone: so the whole job does, now. It is no
  /// other failure, and does not count as one.
  JobActions on_part_refused(Duration now);
  /// The subtasks that failed alone run again.
  JobActions on_part_running();
  /// Returns the attempt under which a part of the job restarts: above all before.
  AttemptId begin_part_attempt() { return attempt_ = attempt_.next(); }
  /// The execution is to go on elsewhere, behind a checkpoint that has just completed. Counts as no
  /// restart. Nothing happens if the job does not run, or stops.
  JobActions on_relocation(Duration now);
  /// Nothing of the execution is left.
  JobActions on_execution_ended();
  JobActions on_restart_due();
  JobActions on_drained(SubtaskId subtask);
  JobActions on_done(SubtaskId subtask);
  /// Somebody asks the job to end: with a last checkpoint if there can be one, or at once.
  JobActions on_stop_requested(bool at_once);
  /// The last checkpoint of a stop failed.
  JobActions on_stop_checkpoint_failed(const std::string& why);
  /// Whether a savepoint can be taken that the job goes on behind: if it runs, and is not drained.
  bool can_take_savepoint() const;
  /// Somebody asks the job to end behind a savepoint, and perhaps to be drained before. Returns
  /// whether it will, once that is there: only if all of it runs, and nobody has asked it to end.
  /// If the savepoint comes to nothing, or anything fails before, the job goes on.
  bool on_stop_with_savepoint(bool drains = false);
  /// That savepoint is complete: there is no way back. Whatever fails now, a job that was drained
  /// ends from it.
  void on_stop_savepoint_completed();
  /// It came to nothing, and no source has ended for it.
  JobActions on_stop_savepoint_failed();
  JobActions on_cleaned();

  JobState state() const { return state_; }
  AttemptId attempt() const { return attempt_; }
  int restarts() const { return restarts_; }
  /// The cause of the last failure, or "".
  const std::string& last_failure() const { return last_failure_; }

private:
  /// What somebody has asked for.
  enum class Ending : std::uint8_t {
    none,
    stopping,    // behind a checkpoint, or a savepoint that is complete
    suspending,  // behind a savepoint that is not complete yet: the job may still go on
    draining,    // likewise, and sources end before it
    drained,     // that savepoint is complete, and the job finishes
  };

  void move_to(JobState next);
  void begin_execution(JobActions& actions);
  JobActions end_of_input() const;
  void give_up(JobOutcome outcome, JobActions& actions);
  void end_execution(const JobFailure& failure, const RestartPolicy::Decision& decision,
                     JobActions& actions);

  Options options_;
  RestartPolicy restart_;
  JobState state_ = JobState::created;
  AttemptId attempt_;
  int restarts_ = 0;
  std::set<SubtaskId> waiting_for_;  // of the step under way: to be ready, drained or done
  std::set<SubtaskId> not_done_;
  std::optional<Duration> restart_at_;  // when failing: what follows
  std::optional<JobOutcome> outcome_;   // once it is clear that the job ends
  Ending ending_ = Ending::none;
  bool is_part_restarting_ = false;
  std::string last_failure_;
};

}  // namespace weir::runtime
