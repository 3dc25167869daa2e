// SplitTracker: which splits of one source were handed out to whom since the last checkpoint, so
// that a subtask that restarts alone can give back what that checkpoint does not hold. What the
// checkpoint holds stays with the subtask and is not handed out, and so is not seen here. Pure.
//
// A checkpoint may have been completed without some readers (checkpoint/regional_policy.hpp): it
// holds what an earlier one held of them. What they were given since that one counts as handed out
// behind it.
//
// Triggers and splits reach a subtask in the order in which they were sent: a split that was handed
// out before the trigger of a checkpoint is in the subtask's part of it (or read to its end), one
// that was handed out behind it is not (Flink: SplitAssignmentTracker).
#pragma once

#include "base/ids.hpp"
#include "state/handle.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace weir::runtime {

/// See the file comment.
class SplitTracker {
public:
  /// Reader `reader` was given these splits.
  void on_handed_out(std::uint32_t reader, const std::vector<state::SplitPosition>& splits);
  /// A checkpoint is being triggered; ids grow.
  void on_triggered(CheckpointId id) { last_triggered_ = id; }
  /// A checkpoint has completed: what it holds is no longer kept here. It is without new positions
  /// of the readers `left_out`.
  void on_completed(CheckpointId id, const std::set<std::uint32_t>& left_out = {});

  /// Returns, in order, what a reader was given that the last completed checkpoint does not hold.
  std::vector<state::SplitPosition> given_to(std::uint32_t reader) const;

  /// Returns, in order, and forgets what a reader was given behind the trigger of `restored`, from
  /// which it restarts: the last completed checkpoint; or since the beginning, if there is none.
  std::vector<state::SplitPosition> take_back(std::uint32_t reader,
                                              std::optional<CheckpointId> restored);

private:
  struct Entry {
    std::uint32_t reader = 0;
    CheckpointId behind = {};  // the last checkpoint that was triggered before
    state::SplitPosition split = {};
  };

  std::vector<Entry> entries_;  // in order
  CheckpointId last_triggered_;
};

}  // namespace weir::runtime
