#include <weir/detail/keyed_state.hpp>

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

KeyedState::KeyedState(RowLayout layout, KeyGroupRange range, std::uint32_t max_parallelism,
                       std::vector<StateSpec> specs, StateBackend::Opened opened)
    : table_{std::move(layout), range, max_parallelism}, specs_{std::move(specs)} {
  if (opened.store != nullptr)
    backed_ = std::make_unique<BackedRows>(table_, backed_columns(specs_), std::move(opened));
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
