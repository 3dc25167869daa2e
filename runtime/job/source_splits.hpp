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
  std::vector<checkpoint::RemainingSplits> on_triggered(CheckpointId id);
  void on_completed(CheckpointId id);

  /// These subtasks restart alone, from `checkpoint` or, without one, from where the execution
  /// began: what those among them that read were given behind it is handed out again.
  void take_back(const std::set<SubtaskId>& subtasks, std::optional<CheckpointId> checkpoint);

private:
  std::map<VertexId, SplitAssigner> assigners_;
  std::map<VertexId, SplitTracker> trackers_;
};

}  // namespace weir::runtime
