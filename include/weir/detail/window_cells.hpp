// WindowCells: what windows of a key hold, by when they begin.
#pragma once

#include <weir/detail/flat_map.hpp>
#include <weir/detail/map_handle.hpp>
#include <weir/detail/window_time.hpp>
#include <weir/time.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace weir::detail {

/// What windows of the current key hold, by the time at which it begins. State of an operator.
template <class V>
class WindowCells : private MapHandle<Timestamp, V, FlatMap> {
  using Base = MapHandle<Timestamp, V, FlatMap>;

public:
  WindowCells(StateOwner& owner, std::string_view name) : Base{owner, name, std::nullopt} {}

  const FlatMap<Timestamp, V>& all() const { return this->map(); }
  const V* find(Timestamp begin) const { return this->find_entry(begin); }
  /// Returns a cell for a change, or null.
  V* edit(Timestamp begin) { return this->edit_entry(begin); }
  void put(Timestamp begin, V value) { this->put_entry(begin, std::move(value)); }
  void remove(Timestamp begin) { this->remove_entry(begin); }
};

}  // namespace weir::detail
