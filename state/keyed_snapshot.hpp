// Writing frozen rows to a stream and reading them back, in order of key groups.
//
// A row is its key, then (if the operator has several states) one presence bit per state, then the
// values that are present in the order of the handle's state list. Each key group begins a block.
#pragma once

#include "state/handle.hpp"
#include "state/state_file.hpp"

#include <weir/detail/keyed_state.hpp>

#include <string_view>

namespace weir::state {

/// Which values of a state have expired when a snapshot is taken.
struct Expiry {
  bool (*is_live)(const void* cell, std::int64_t dead) = nullptr;  // null: none ever does
  std::int64_t dead = 0;  // what was touched then or before: milliseconds since 1970
};

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

/// Adds the rows of `handle` whose key groups lie in the range of `into`, in the form of today.
/// Must have been checked by `check_compatible`. `corrupt` leaves `into` with some of them.
Status read_rows(const KeyedStateHandle& handle, StateReader& reader, detail::KeyedState& into);

}  // namespace weir::state
