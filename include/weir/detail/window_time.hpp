// What time it is for a window operator.
#pragma once

#include <weir/process.hpp>

#include <chrono>
#include <stdexcept>

namespace weir::detail {

[[noreturn]] inline void fail_without_time() {
  throw std::logic_error{
      "a record has no time: put event_time(...) on every stream that leads here, or use windows "
      "in_processing_time()"};
}

/// Returns a time so much later, or the greatest or least there is.
inline Timestamp shifted(Timestamp time, std::chrono::milliseconds by) {
  if (by >= by.zero()) return time > Timestamp::max() - by ? Timestamp::max() : time + by;
  return time < Timestamp::min() - by ? Timestamp::min() : time + by;
}

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
    fail_without_time();
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
