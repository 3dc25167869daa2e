// KeyedCut: the keyed state of one operator on one subtask as it was at a barrier, wherever that
// lies.
//
//   made          in the subtask's turn, at the barrier
//   begin         in the subtask's turn, only if `has_store`, when earlier cuts are written back
//   write_back    in the pool, likewise: what the store lacks
//   on_written    in the subtask's turn, likewise: the store may change again
//   write         in the pool: the snapshot itself
//   release       in the subtask's turn
//
// If `write_back` fails, the state is of no more use.
#pragma once

#include "state/keyed_snapshot.hpp"

#include <weir/detail/keyed_state.hpp>

#include <memory>

namespace weir::state {

/// See the file comment. Must not outlive the state.
class KeyedCut {
public:
  KeyedCut(KeyedStateInfo info, detail::KeyedState& state);

  bool has_store() const { return state_->backed() != nullptr; }
  void begin() { state_->backed()->begin_write(rows_); }
  /// `unavailable` says what is wrong with the store.
  Status write_back();
  void on_written();
  /// See `write_rows`.
  Result<KeyedStateHandle> write(StateFile& file);
  void release();

private:
  KeyedStateInfo info_;
  detail::KeyedState* state_;
  detail::RowsCut rows_;
  std::unique_ptr<detail::StoreView> view_;
};

}  // namespace weir::state
