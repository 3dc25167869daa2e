#include "state/keyed_cut.hpp"

#include "state/backed_snapshot.hpp"

#include <utility>

namespace weir::state {

KeyedCut::KeyedCut(KeyedStateInfo info, detail::KeyedState& state)
    : info_{std::move(info)}, state_{&state} {
  if (has_store())
    rows_ = state_->backed()->cut();
  else
    rows_.rows = state_->table().freeze();
}

Status KeyedCut::write_back() {
  try {
    state_->backed()->write(rows_);
    if (!state_->backed()->is_dropped()) view_ = state_->backed()->store().view();
  } catch (const detail::StoreError& error) {
    return {ErrorCode::unavailable, error.what()};
  }
  return {};
}

void KeyedCut::on_written() {
  state_->backed()->on_written(rows_);
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

void KeyedCut::release() {
  if (has_store())
    view_.reset();
  else
    state_->table().release(std::move(rows_.rows));
}

}  // namespace weir::state
