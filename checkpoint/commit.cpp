#include "checkpoint/commit.hpp"

#include "base/assert.hpp"

#include <utility>

namespace weir::checkpoint {

void TransactionLedger::prepared(CheckpointId checkpoint, Bytes txn) {
  WEIR_ASSERT(entries_.empty() || entries_.back().checkpoint <= checkpoint,
              "transactions are prepared in the order of checkpoints");
  entries_.push_back({checkpoint, std::move(txn)});
}

std::vector<Bytes> TransactionLedger::take_committable(CheckpointId completed) {
  std::vector<Bytes> committable;
  for (; taken_ < entries_.size() && entries_[taken_].checkpoint <= completed; ++taken_)
    committable.push_back(entries_[taken_].txn);
  return committable;
}

void TransactionLedger::committed(std::size_t count) {
  WEIR_ASSERT(count <= taken_, "more transactions were committed than taken");
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(count));
  taken_ -= count;
}

}  // namespace weir::checkpoint
