// Taking states out of rows that are written already.
#pragma once

#include "state/handle.hpp"
#include "state/state_file.hpp"

#include <set>
#include <string>

namespace weir::state {

/// Writes the rows of `handle` to `file` without the states in `dropped`; a row that has no other
/// goes. Returns a handle whose `path` or `inlined` the caller fills in when `file` is finished.
/// At least one state must be left. `corrupt` names the file that `reader` reads.
Result<KeyedStateHandle> drop_columns(const KeyedStateHandle& handle, StateReader& reader,
                                      const std::set<std::string>& dropped, StateFile& file);

}  // namespace weir::state
