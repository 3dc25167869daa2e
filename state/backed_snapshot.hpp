// Snapshots of state that lies in a StateStore, in the form that state in memory has as well
// (keyed_snapshot.hpp): what one backend wrote, the other can read.
#pragma once

#include "state/keyed_snapshot.hpp"

#include <weir/detail/state_store.hpp>

namespace weir::state {

/// Describes what was written; without what expires.
KeyedStateInfo info_of(const KeyedStateHandle& handle);

/// Writes all rows of `view`, like `write_rows`. May throw detail::StoreError.
Result<KeyedStateHandle> write_view(const KeyedStateInfo& info, detail::StoreView& view,
                                    StateFile& file);

/// Like `read_rows` for a state with a store. May throw detail::StoreError.
Status read_into_store(const KeyedStateHandle& handle, StateReader& reader,
                       detail::KeyedState& into);

/// Adds the rows of `view`, which has the columns of the handle's states, as far as they belong to
/// the key groups of `into`. May throw detail::StoreError.
Status read_view(const KeyedStateHandle& handle, detail::StoreView& view, detail::KeyedState& into);

}  // namespace weir::state
