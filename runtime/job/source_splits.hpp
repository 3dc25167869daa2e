// SourceSplits: the splits of all sources of one execution: who reads which, and what goes back
// when some subtasks restart alone. Pure; it lives with the checkpoint coordinator.
#pragma once

#include "runtime/job/split_assigner.hpp"
#include "runtime/job/split_tracker.hpp"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace weir::runtime {

/// What of the splits of all sources a checkpoint holds itself.
struct SplitsAtTrigger {
  std::vector<checkpoint::RemainingSplits> remaining = {};  // nobody reads yet
  /// By reader: what it was given since the last completed checkpoint. It holds that, unless the
  /// checkpoint completes without it. Only with regional checkpoints.
  std::map<SubtaskId, std::vector<state::SplitPosition>> given = {};
};

/// Returns what remains to be handed out, by source, if the checkpoint completes without some
/// subtasks, whose positions are those of the last completed one: what they were given since then
/// as well. `plan` is the job's.
std::vector<checkpoint::RemainingSplits> remaining_without(const Plan& plan, SplitsAtTrigger splits,
                                                           const std::set<SubtaskId>& left_out);

/// See the file comment. An assigner for each source, and beside it a tracker if the job restarts
/// in parts: what was handed out need not be remembered in any other.
class SourceSplits {
public:
  /// Takes the splits out of `restore`.
  SourceSplits(const Plan& plan, RestorePlan& restore);

  /// A subtask of a source asks for splits.
  SplitAssigner::Answer request(SubtaskId reader);

  /// A checkpoint is being triggered. Returns what it must hold of what nobody reads yet. Triggers
  /// must reach the readers behind what they were given before.
  SplitsAtTrigger on_triggered(CheckpointId id);
  /// It has completed, without the subtasks `left_out`.
  void on_completed(CheckpointId id, const std::set<SubtaskId>& left_out = {});

  /// These subtasks restart alone, from `checkpoint` or, without one, from where the execution
  /// began: what those among them that read were given behind it is handed out again.
  void take_back(const std::set<SubtaskId>& subtasks, std::optional<CheckpointId> checkpoint);

private:
  std::map<VertexId, SplitAssigner> assigners_;
  std::map<VertexId, SplitTracker> trackers_;
  std::vector<SubtaskId> readers_;  // that a checkpoint may do without
};

}  // namespace weir::runtime
