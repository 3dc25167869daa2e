// Reading what a subtask restores into the states of its chain that belong to no key.
#pragma once

#include "runtime/task/chain.hpp"
#include "runtime/task/state_restore.hpp"

#include <vector>

namespace weir::runtime {

/// Fills those of `states` of which the order has something, from where the checkpoint lies.
/// Blocks. `corrupt` names the file; the states then hold some of the elements and must not be
/// used.
Status read_operator_states(const RestoreOrder& order,
                            const std::vector<ChainOperatorState>& states);

}  // namespace weir::runtime
