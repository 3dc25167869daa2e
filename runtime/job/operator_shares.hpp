// Who restores what of an operator's state that belongs to no key. Pure.
//
//   list        at the same parallelism what it had; at another an even share of all elements: they
//               are laid in a row, subtask after subtask, and cut into pieces whose sizes differ by
//               one at most, the longer ones first
//   union list  all elements, subtask after subtask
//   broadcast   what subtask i modulo the old parallelism had
#pragma once

#include "state/handle.hpp"

#include <cstdint>
#include <vector>

namespace weir::runtime {

/// What a subtask had of a state.
struct WrittenElements {
  const state::OperatorStateHandle* handle = nullptr;
  bool is_finished = false;  // it had come to its end
};

/// Elements that a subtask restores.
struct OperatorStateShare {
  state::OperatorStateHandle handle = {};  // with no more blocks than are needed
  std::uint64_t first = 0;                 // number of the first element in the handle
  std::uint64_t count = 0;

  friend bool operator==(const OperatorStateShare&, const OperatorStateShare&) = default;
};

/// A subtask that restores.
struct Heir {
  std::uint32_t index = 0;
  std::uint32_t parallelism = 1;
  bool is_finished = false;  // it is restored from behind its end, and will not use its state
};

/// Returns what `heir` restores of a state that the subtasks had `written`, of which there is at
/// least one, in their order. It is at least one share, if an empty one.
///
/// At another parallelism lists leave out what a finished subtask had: it has said all there was to
/// say. An heir that is finished gets what it had and no more, or nothing at another parallelism:
/// what nobody cuts down must not grow.
std::vector<OperatorStateShare> share_of(const std::vector<WrittenElements>& written,
                                         const Heir& heir);

}  // namespace weir::runtime
