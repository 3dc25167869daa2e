// Reading the records that the barriers of a checkpoint had overtaken.
#pragma once

#include "runtime/graph/plan.hpp"
#include "runtime/task/channel_input.hpp"
#include "runtime/task/state_restore.hpp"

#include <vector>

namespace weir::runtime {

/// Returns the batches in `order` for a subtask of `plan`, in the order in which they are to be
/// handled, with no other records than its own. Blocks. `corrupt` names the place.
Result<std::vector<RecoveredBatch>> read_channels(const RestoreOrder& order, const Plan& plan,
                                                  SubtaskId subtask);

}  // namespace weir::runtime
