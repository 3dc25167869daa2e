// Writing the records that a barrier has overtaken to a stream, and reading them back. A batch, as
// its edge encodes it, is a block.
#pragma once

#include "state/handle.hpp"
#include "state/state_file.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::state {

/// Adds a batch behind those that `handle` has in `file` already.
Status add_batch(std::string_view batch, StateFile& file, ChannelStateHandle& handle);

/// Opens the stream of a handle of the checkpoint in `directory`. The handle must outlive it.
Result<StateReader> open_batches(Env& env, const std::string& directory,
                                 const ChannelStateHandle& handle);

/// Calls `take` with each batch, in order, until it fails. `corrupt` names the place.
Status for_each_batch(const ChannelStateHandle& handle, StateReader& reader,
                      const std::function<Status(std::string_view batch)>& take);

}  // namespace weir::state
