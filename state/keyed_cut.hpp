// KeyedCut: the keyed state of one operator on one subtask as it was at a barrier, wherever that
// lies.
//
//   made          in the subtask's turn, at the barrier
//   begin         in the subtask's turn, only if `has_store`, when earlier cuts are written back
//   write_back    in the pool, likewise: what the store lacks
//   on_written    in the subtask's turn, likewise: the store may change again
//   write         in the pool: the snapshot itself, as a stream or, if `has_copy`, as files
//   release       in the subtask's turn
//
// Rows in memory may stay frozen for as long as it is useful, to be written more than once, or for
// a later cut to be compared with (`write_changes`).
//
// If `write_back` fails, the state is of no more use.
#pragma once

#include "state/keyed_snapshot.hpp"
#include "state/native_snapshot.hpp"
#include "state/row_log.hpp"

#include <weir/detail/keyed_state.hpp>

#include <memory>
#include <optional>

namespace weir::state {

/// See the file comment. Must not outlive the state.
class KeyedCut {
public:
  KeyedCut(KeyedStateInfo info, detail::KeyedState& state);

  bool has_store() const { return state_->backed() != nullptr; }
  void begin() { state_->backed()->begin_write(rows_); }
  /// With `copy_above`, a store whose files have more bytes than that is copied. `unavailable` says
  /// what is wrong with the store.
  Status write_back(std::optional<std::uint64_t> copy_above = std::nullopt);
  void on_written();
  bool has_copy() const { return copy_.directory != nullptr; }
  /// See `write_rows`.
  Result<KeyedStateHandle> write(StateFile& file);
  /// Of rows in memory: what has changed since `older`, an earlier cut of the same state. See
  /// `state::write_changes`.
  Result<LogSegment> write_changes(const KeyedCut& older, StateFile& file) const;
  /// See native_snapshot.hpp; after an error it may be called again.
  Result<KeyedStateHandle> write_files(NativePlace place);
  /// After `write_files`: the files on the local disk.
  std::shared_ptr<detail::StoreDirectory> take_copy() { return std::move(copy_.directory); }
  void release();

private:
  void copy_store(std::uint64_t above);

  KeyedStateInfo info_;
  detail::KeyedState* state_;
  detail::RowsCut rows_;
  std::unique_ptr<detail::StoreView> view_;
  detail::StoreCopy copy_;
  WrittenFiles written_;        // of the copy, in the checkpoint
  detail::StoredFiles stored_;  // before `write_files` those of earlier checkpoints
  bool has_stored_ = false;     // they are those of this one
  bool is_dropped_;             // before the cut; what is dropped later is still in it
};

}  // namespace weir::state
