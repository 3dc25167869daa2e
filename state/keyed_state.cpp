#include <weir/detail/keyed_state.hpp>

#include <algorithm>
#include <utility>

namespace weir::detail {
namespace {

std::vector<const BackedColumn*> backed_columns(const std::vector<StateSpec>& specs) {
  std::vector<const BackedColumn*> columns;
  columns.reserve(specs.size());
  for (const StateSpec& spec : specs) columns.push_back(spec.backed);
  return columns;
}

}  // namespace

std::vector<StoreColumn> store_columns(const std::vector<StateSpec>& specs) {
  std::vector<StoreColumn> columns;
  columns.reserve(specs.size());
  for (const StateSpec& spec : specs)
    columns.push_back(
        {spec.kind == StateKind::list, spec.type->schema, spec.ttl_ms, spec.holds_timers});
  return columns;
}

KeyedState::KeyedState(RowLayout layout, KeyGroupRange range, std::uint32_t max_parallelism,
                       std::vector<StateSpec> specs, StateBackend::Opened opened)
    : table_{std::move(layout), range, max_parallelism},
      specs_{std::move(specs)},
      expire_group_{range.begin} {
  has_ttl_ = std::any_of(specs_.begin(), specs_.end(),
                         [](const StateSpec& spec) { return spec.is_live != nullptr; });
  if (opened.store == nullptr) return;
  backed_ = std::make_unique<BackedRows>(table_, backed_columns(specs_), std::move(opened));
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (specs_[i].holds_timers) backed_->store_timers(i);
  }
}

void KeyedState::drop_expired(std::size_t rows) {
  if (backed_) return;
  std::size_t seen = 0;
  // A round of all groups at the most: there may be fewer rows than were asked for.
  for (std::uint32_t groups = table_.range().size(); seen < rows && groups != 0;) {
    if (stays_frozen_) {
      table_.thaw_page(expire_group_, expire_cursor_, [&](const char* row) {
        ++seen;
        return has_expired(row);
      });
    }
    expire_cursor_ = table_.prune_page(expire_group_, expire_cursor_, [&](char* row) {
      ++seen;
      return drop_expired_columns(row);
    });
    if (expire_cursor_ != 0) continue;
    --groups;
    if (++expire_group_ == table_.range().end) expire_group_ = table_.range().begin;
  }
}

/// Returns whether anything of the row has.
bool KeyedState::has_expired(const char* row) const {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    const StateSpec& spec = specs_[i];
    if (spec.is_live == nullptr || !layout().has(row, i)) continue;
    if (!spec.is_live(row + layout().columns[i].offset, time_ - spec.ttl_ms)) return true;
  }
  return false;
}

/// Returns whether nothing is left, and the row is to be erased.
bool KeyedState::drop_expired_columns(char* row) {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    const auto& [type, offset] = layout().columns[i];
    const StateSpec& spec = specs_[i];
    if (spec.is_live == nullptr || !layout().has(row, i)) continue;
    if (spec.is_live(row + offset, time_ - spec.ttl_ms)) continue;
    if (layout().presence_bytes == 0) return true;
    type->destroy(row + offset);
    layout().mark(row, i, false);
  }
  return layout().is_empty(row);
}

void* KeyedState::read_backed(std::size_t column) {
  use_row();
  backed_->know(row_, hash(), column);
  return layout().has(row_, column) ? at(column) : nullptr;
}

void* KeyedState::edit_backed(std::size_t column) {
  void* value = read_backed(column);
  if (value != nullptr) backed_->change(row_, column);
  return value;
}

std::pair<void*, bool> KeyedState::claim_backed(std::size_t column) {
  use_row();
  if (specs_[column].backed->loads_itself) backed_->know(row_, hash(), column);
  const bool present = layout().has(row_, column);
  layout().mark(row_, column, true);
  backed_->change(row_, column);
  return {at(column), present};
}

void KeyedState::clear_backed(std::size_t column) {
  use_row();
  if (layout().has(row_, column)) layout().columns[column].type->destroy(at(column));
  layout().mark(row_, column, false);
  backed_->change(row_, column);
}

}  // namespace weir::detail
