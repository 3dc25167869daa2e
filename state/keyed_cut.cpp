#include "state/keyed_cut.hpp"

#include "base/assert.hpp"
#include "state/backed_snapshot.hpp"

#include <utility>

namespace weir::state {

KeyedCut::KeyedCut(KeyedStateInfo info, detail::KeyedState& state)
    : info_{std::move(info)},
      state_{&state},
      is_dropped_{has_store() && state.backed()->is_dropped()} {
  if (has_store())
    rows_ = state_->backed()->cut();
  else
    rows_.rows = state_->table().freeze();
}

Status KeyedCut::write_back(std::optional<std::uint64_t> copy_above) {
  try {
    state_->backed()->write(rows_);
    if (is_dropped_) return {};
    if (copy_above) copy_store(*copy_above);
    if (!has_copy()) view_ = state_->backed()->store().view();
  } catch (const detail::StoreError& error) {
    return {ErrorCode::unavailable, error.what()};
  }
  return {};
}

/// A small store fits into the metadata, as a stream.
void KeyedCut::copy_store(std::uint64_t above) {
  copy_ = state_->backed()->store().copy();
  std::uint64_t bytes = 0;
  for (const detail::StoreFile& file : copy_.files) bytes += file.is_immutable ? file.size : 0;
  if (bytes <= above) copy_ = {};
}

void KeyedCut::on_written() {
  state_->backed()->on_written(rows_);
  stored_ = state_->backed()->stored_files();
  state_->table().release(std::move(rows_.rows));
}

Result<KeyedStateHandle> KeyedCut::write(StateFile& file) {
  if (!has_store()) return write_rows(info_, rows_.rows, file);
  if (view_ == nullptr) return empty_handle(info_);
  try {
    return write_view(info_, *view_, file);
  } catch (const detail::StoreError& error) {
    return Status{ErrorCode::unavailable, error.what()};
  }
}

Result<LogSegment> KeyedCut::write_changes(const KeyedCut& older, StateFile& file) const {
  WEIR_ASSERT(!has_store() && older.state_ == state_, "cuts of two states were compared");
  return state::write_changes(info_, {older.rows_.rows, rows_.rows}, file);
}

Result<KeyedStateHandle> KeyedCut::write_files(NativePlace place) {
  place.range = state_->table().range();
  auto handle = write_copy(info_, copy_, place, stored_, written_);
  has_stored_ = handle.ok() && place.is_linkable;
  return handle;
}

void KeyedCut::release() {
  if (!has_store()) return state_->table().release(std::move(rows_.rows));
  view_.reset();
  copy_ = {};
  if (has_stored_) state_->backed()->stored_files() = std::move(stored_);
}

}  // namespace weir::state
