// Reading what a subtask restores into the states of its chain.
#pragma once

#include "base/blocking_pool.hpp"
#include "checkpoint/local_state.hpp"
#include "runtime/job/restore.hpp"
#include "runtime/task/chain.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::runtime {

/// Where a subtask got its keyed state from.
enum class RestoredFrom : std::uint8_t {
  metadata,  ///< it had none, or all was small enough to come with the order to restore it
  copies,    ///< all of its files were read from the node's own copies
  storage,   ///< at least one was read from where the checkpoint lies
};

/// What is to be read, and where it lies.
struct RestoreOrder {
  SubtaskRestore restore = {};
  std::string directory = {};                // of the checkpoint
  Env* env = nullptr;                        // in which that lies
  checkpoint::LocalState* copies = nullptr;  // null: the node keeps none
  /// Makes the backend that reads files of a store.
  std::function<std::shared_ptr<detail::StateBackend>()> backend = {};
  base::BlockingPool* pool = nullptr;  // which may read several files at once
};

/// Adds the rows of all handles in `order` to `states`, which are empty, and makes their timers
/// what these say. Blocks. If a copy proves to be damaged, all is read again from where the
/// checkpoint lies. `corrupt` names the file; the states then hold some of the rows and must not be
/// used.
Result<RestoredFrom> read_state(const RestoreOrder& order, const std::vector<ChainState>& states);

}  // namespace weir::runtime
