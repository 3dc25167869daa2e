// Writing frozen rows to a stream and reading them back, in order of key groups.
//
// Rows are encoded as row_encoding.hpp says, their states in the order of the handle's list. Each
// key group begins a block.
#pragma once

#include "state/expiry.hpp"
#include "state/handle.hpp"
#include "state/state_file.hpp"

#include <weir/detail/keyed_state.hpp>

#include <string_view>

namespace weir::state {

/// Returns the name of a kind of state, as job authors know it.
std::string_view name_of(detail::StateKind kind);

/// What identifies an operator's keyed state in a snapshot.
struct KeyedStateInfo {
  std::string operator_name = {};
  std::string key_schema = {};
  std::uint32_t max_parallelism = 0;
  std::vector<StateDescription> states = {};
  std::vector<Expiry> expiries = {};            // of each state
  std::vector<const detail::Type*> types = {};  // of each state, if it is declared

  bool expires() const;
};

/// Describes the states that `keyed` declares.
KeyedStateInfo describe(const std::string& operator_name, const std::string& key_schema,
                        const detail::KeyedState& keyed);

/// A handle of `info` that has no rows yet.
KeyedStateHandle empty_handle(const KeyedStateInfo& info);

/// Writes all rows that have not expired; returns a handle whose `path` or `inlined` the caller
/// fills in when `file` is finished. Runs off the actor threads while the table changes.
Result<KeyedStateHandle> write_rows(const KeyedStateInfo& info, const detail::FrozenRows& rows,
                                    StateFile& file);

/// Fills in where the rows of all `handles` lie, which were written to `file`, now finished: in
/// `path`, or inlined. Each handle gets the whole stream of the chain; with one keyed operator, the
/// usual case, that is its own. Those of stores stay as they are.
void place_rows(StateFile& file, const std::string& path, std::vector<KeyedStateHandle>& handles);

/// Adds the rows of `handle` whose key groups lie in the range of `into`, in the form of today.
/// Must have been checked by `check_compatible`. `corrupt` leaves `into` with some of them.
Status read_rows(const KeyedStateHandle& handle, StateReader& reader, detail::KeyedState& into);

}  // namespace weir::state
