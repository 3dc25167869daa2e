// Writing operator state to a stream and reading it back.
//
// A stream holds states one after the other. The elements of a state, in its order, fill blocks; a
// state begins a block. The handle has the number of elements in each block, so that a subtask
// reads just the blocks with its share.
#pragma once

#include "state/handle.hpp"
#include "state/state_file.hpp"

#include <weir/detail/operator_state.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::state {

/// Returns the name of a kind of state, as job authors know it.
std::string_view name_of(detail::OperatorStateKind kind);

/// The state of an operator as it was at a barrier.
struct OperatorCut {
  std::string operator_name;
  detail::OperatorStateSpec spec;
  std::unique_ptr<detail::FrozenElements> elements;

  OperatorCut(std::string name, const detail::OperatorState& state)
      : operator_name{std::move(name)}, spec{state.spec()}, elements{state.freeze()} {}
};

/// Writes all elements. When `file` is finished, `place_in` must say where it lies. Runs off the
/// actor threads while the state changes. May be called again, for another file.
Result<OperatorStateHandle> write_elements(OperatorCut& cut, StateFile& file);

/// Returns a handle with just those blocks that hold some of `count` elements from number `first`
/// on, and makes `first` their number in there.
OperatorStateHandle slice(const OperatorStateHandle& handle, std::uint64_t& first,
                          std::uint64_t count);

/// Adds `count` elements from number `first` on to a state that `check_compatible` found fit for
/// them; those of another type become its own. `corrupt` leaves it with some of them.
Status read_elements(const OperatorStateHandle& handle, std::uint64_t first, std::uint64_t count,
                     StateReader& reader, detail::OperatorState& into);

/// Calls `read` for each element from number `first` on, `count` times; it reads the element.
/// `corrupt` says that one makes no sense, and where, if the bytes do not.
Status for_each_element(const OperatorStateHandle& handle, std::uint64_t first, std::uint64_t count,
                        StateReader& reader,
                        const std::function<void(ByteReader& in, bool is_asked_for)>& read);

}  // namespace weir::state
