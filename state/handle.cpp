#include "state/handle.hpp"

namespace weir::state {

std::uint64_t SubtaskState::size_bytes() const {
  std::uint64_t total = 0;
  for (const KeyedStateHandle& handle : keyed) total += handle.size_bytes();
  for (const SourceState& source : sources) {
    for (const SplitPosition& split : source.splits)
      total += split.split.id.size() + split.position.value_or("").size();
  }
  for (const SinkState& sink : sinks) {
    for (const PreparedTransaction& transaction : sink.transactions)
      total += transaction.txn.size();
  }
  return total;
}

}  // namespace weir::state
