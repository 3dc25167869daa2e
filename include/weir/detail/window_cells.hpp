// What window operators have in common: cells of a key by when they begin, and what time it is.
#pragma once

#include <weir/detail/map_handle.hpp>
#include <weir/process.hpp>
#include <weir/side_output.hpp>
#include <weir/windows.hpp>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace weir::detail {

/// What windows of the current key hold, by the time at which it begins. State of an operator.
template <class V>
class WindowCells : private MapHandle<Timestamp, V> {
  using Base = MapHandle<Timestamp, V>;

public:
  WindowCells(StateOwner& owner, std::string_view name) : Base{owner, name, std::nullopt} {}

  const std::map<Timestamp, V>& all() const { return this->map(); }
  const V* find(Timestamp begin) const { return this->find_entry(begin); }
  /// Returns a cell for a change, or null.
  V* edit(Timestamp begin) { return this->edit_entry(begin); }
  void put(Timestamp begin, V value) { this->put_entry(begin, std::move(value)); }
  void remove(Timestamp begin) { this->remove_entry(begin); }
};

/// Whether `passed`, up to which nothing is expected any more, is at least `lateness` after `time`.
inline bool is_past(Timestamp time, Timestamp passed, std::chrono::milliseconds lateness) {
  return time <= Timestamp::max() - lateness && time + lateness <= passed;
}

/// The time of a window operator.
template <class K>
class WindowTime {
public:
  explicit WindowTime(TimeDomain domain) : is_event_{domain == TimeDomain::event_time} {}

  /// When the record that is handled belongs. Throws std::logic_error if it has no time.
  Timestamp of_record(const Context<K>& context) const {
    if (!is_event_) return context.processing_time();
    if (const auto time = context.timestamp()) return *time;
    throw std::logic_error{
        "a record has no time: put event_time(...) on every stream that leads here, or use windows "
        "in_processing_time()"};
  }
  /// Nothing at or before this comes any more in time.
  Timestamp passed(const Context<K>& context) const {
    return is_event_ ? context.event_time()
                     : context.processing_time() - std::chrono::milliseconds{1};
  }
  Timers<K>& timers(Context<K>& context) const {
    return is_event_ ? context.event_timers() : context.processing_timers();
  }

private:
  bool is_event_;
};

}  // namespace weir::detail
