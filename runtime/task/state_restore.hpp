// Reading what a subtask restores into the states of its chain.
#pragma once

#include "runtime/job/restore.hpp"
#include "runtime/task/chain.hpp"

#include <string>
#include <vector>

namespace weir::runtime {

/// Adds the rows of all handles in `restore` to `states`; `directory` is the checkpoint's. Blocks.
/// `corrupt` names the file; the states then hold some of the rows and must not be used.
Status read_state(Env& env, const SubtaskRestore& restore, const std::string& directory,
                  const std::vector<ChainState>& states);

}  // namespace weir::runtime
