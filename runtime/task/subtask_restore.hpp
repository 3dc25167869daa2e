// All that a subtask restores, read off its thread.
#pragma once

#include "runtime/task/channel_restore.hpp"
#include "runtime/task/state_restore.hpp"
#include "runtime/task/subtask.hpp"

#include <vector>

namespace weir::runtime {

/// What a subtask has been given back, besides what is in its states now.
struct Restored {
  RestoredFrom from = RestoredFrom::metadata;
  std::vector<RecoveredBatch> channels = {};  // for Subtask::recover
};

/// Fills the states of `subtask`, number `id` of `plan`, which has not begun. Blocks. Errors are
/// those of `read_state`; the subtask must not be used then.
Result<Restored> restore_subtask(const RestoreOrder& order, const Plan& plan, SubtaskId id,
                                 const Subtask& subtask);

}  // namespace weir::runtime
