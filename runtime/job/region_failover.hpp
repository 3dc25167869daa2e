// RegionFailover: restarting some regions of a running job while the others go on. Pure: events in,
// actions out; the job actor carries it beside the JobMachine, which stays `running` meanwhile.
//
//   idle ──► ending ──► waiting ──► preparing ──► deploying ──► idle
//              ▲           │            │             │
//              └───────────┴────────────┴─────────────┘ a failure, of the same regions or others,
//                                                       which then restart together
//
// ending     the subtasks are being killed; the coordinator aborts what is under way
// waiting    for the delay of the restart strategy
// preparing  the coordinator finds the checkpoint, sinks of the regions commit
// deploying  new attempts are spawned, connected, and restore their state
//
// Invariants
//  - Two attempts of a subtask never exist at the same time.
//  - At most one restart is under way; what fails meanwhile joins it.
#pragma once

#include "checkpoint/messages.hpp"
#include "runtime/graph/regions.hpp"

#include <weir/time.hpp>

#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace weir::runtime {

// What the carrier must do.
struct EndSubtasks {  // tell the coordinator, kill them; answer with on_ended when all are gone
  std::set<SubtaskId> subtasks;
};
struct WaitForSubtasks {  // answer with on_due
  Duration at;
};
struct PrepareSubtasks {  // answer with on_prepared
  AttemptId attempt;
  std::set<SubtaskId> subtasks;
};
struct RedeploySubtasks {  // answer with on_ready for each
  AttemptId attempt;
  std::set<SubtaskId> subtasks;
};
struct ResumeSubtasks {  // all are ready: tell them, the coordinator and the job machine
  std::set<SubtaskId> subtasks;
};

using RegionAction =
    std::variant<EndSubtasks, WaitForSubtasks, PrepareSubtasks, RedeploySubtasks, ResumeSubtasks>;
using RegionActions = std::vector<RegionAction>;

/// Whether parts of the job can restart alone: it consists of several regions, and its options do
/// not demand that all of it restarts.
bool restarts_in_parts(const Plan& plan);

/// See the file comment.
class RegionFailover {
public:
  explicit RegionFailover(const Plan& plan);

  /// All subtasks are being deployed as this attempt; a restart under way is over.
  void on_execution(AttemptId attempt);
  /// The whole execution ends: nothing of it counts any more, and no part of it restarts.
  void on_execution_over();

  /// Returns who must restart when these subtasks have failed, with those that restart already; or
  /// none if that is everybody, if it is not known who failed, or if this job does not restart in
  /// parts: then the whole job must.
  std::optional<std::set<SubtaskId>> affected_by(const std::set<SubtaskId>& failed) const;

  /// Subtasks have failed, for which `affected_by` returned somebody. They restart at `at`, unless
  /// that was said before: failures that follow from the one that is dealt with change nothing.
  RegionActions on_failure(const std::set<SubtaskId>& failed, Duration at);
  /// Nothing of the subtasks is left.
  RegionActions on_ended();
  /// Whether `at` is the time that is waited for.
  bool is_due(Duration at) const { return step_ == Step::waiting && at == at_; }
  /// It is time; the subtasks restart as `attempt`, which is above all before.
  RegionActions on_due(AttemptId attempt);
  RegionActions on_prepared(AttemptId attempt);
  RegionActions on_ready(const checkpoint::Speaker& subtask);

  /// The subtasks that are restarting; empty: none.
  const std::set<SubtaskId>& restarting() const { return restarting_; }
  /// Whether this is the newest attempt of the subtask, and not one that is being ended: nothing
  /// that others say counts.
  bool is_current(const checkpoint::Speaker& speaker) const;

private:
  enum class Step : std::uint8_t { idle, ending, waiting, preparing, deploying };

  Regions regions_;
  bool is_enabled_;
  std::map<SubtaskId, AttemptId> attempts_;  // 0: none
  Step step_ = Step::idle;
  std::set<SubtaskId> restarting_;
  std::set<SubtaskId> waiting_for_;  // when deploying: not ready yet
  Duration at_{};
  AttemptId attempt_;  // of the restart
};

}  // namespace weir::runtime
