// Windows: how an endless stream is cut into pieces that end.
//
//   clicks.event_time(&Click::at, weir::bounded_lag(10s))
//       .key_by(&Click::page)
//       .window(weir::tumbling(1min))
//       .count("per-minute")
#pragma once

#include <weir/time.hpp>

#include <compare>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace weir {

/// A stretch of time: from `start` on, before `end`.
struct Window {
  Timestamp start = {};
  Timestamp end = {};

  /// The last millisecond in it: the time of its results.
  Timestamp last() const { return end - std::chrono::milliseconds{1}; }

  friend auto operator<=>(const Window&, const Window&) = default;
};

/// Windows of one size at regular distances: tumbling if that is their size, sliding if it is less.
/// They begin at `offset` and a multiple of `slide` after 1970-01-01T00:00:00Z, or before.
struct TimeWindows {
  std::chrono::milliseconds size{};
  std::chrono::milliseconds slide{};
  std::chrono::milliseconds offset{};
  TimeDomain domain = TimeDomain::event_time;

  /// The same by the wall clock. Windows that have not ended at the end of a bounded input are
  /// dropped, as processing timers are.
  TimeWindows in_processing_time() const {
    TimeWindows result = *this;
    result.domain = TimeDomain::processing_time;
    return result;
  }
};

/// Windows that end when nothing has come for the length of a gap. Two whose gaps touch are one.
struct SessionWindows {
  std::chrono::milliseconds gap{};
  TimeDomain domain = TimeDomain::event_time;

  /// The same by the wall clock; see TimeWindows.
  SessionWindows in_processing_time() const { return {gap, TimeDomain::processing_time}; }
};

/// One window for each key, which only the end of a bounded input ends; to be given a trigger.
struct GlobalWindows {
  TimeDomain domain = TimeDomain::event_time;

  /// Its trigger goes by the wall clock. The window then never ends.
  GlobalWindows in_processing_time() const { return {TimeDomain::processing_time}; }
};

/// Windows of so many records of a key.
struct CountWindows {
  std::uint64_t size = 0;
};

/// The last `size` records of a key, with every `slide`-th of them.
struct SlidingCountWindows {
  std::uint64_t size = 0;
  std::uint64_t slide = 0;
};

namespace detail {

/// Windows by a number of records.
template <class W>
inline constexpr bool kAreCounted =
    std::is_same_v<W, CountWindows> || std::is_same_v<W, SlidingCountWindows>;

/// What `KeyedStream::window` takes.
template <class W>
inline constexpr bool kAreWindows =
    std::is_same_v<W, TimeWindows> || std::is_same_v<W, SessionWindows> ||
    std::is_same_v<W, GlobalWindows> || kAreCounted<W>;

/// Throws std::invalid_argument unless `length` is a positive number of whole milliseconds.
inline std::chrono::milliseconds window_length(Duration length, const char* what) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(length);
  if (ms <= std::chrono::milliseconds{} || ms != length)
    throw std::invalid_argument{std::string{what} + " must be whole milliseconds, and above 0"};
  return ms;
}

}  // namespace detail

/// Windows of `size`, one behind the other. With an offset of 15 min those of an hour begin a
/// quarter past. Throws std::invalid_argument unless the size is whole milliseconds above 0,
/// and the offset whole milliseconds of less than the size, forward or back.
TimeWindows tumbling(Duration size, Duration offset = {});

/// Windows of `size`, one every `slide`: a record is in several of them, or in none if they lie
/// apart. Throws std::invalid_argument as `tumbling` does; the offset must be less than the slide.
inline TimeWindows sliding(Duration size, Duration slide, Duration offset = {}) {
  const TimeWindows windows{.size = detail::window_length(size, "the size of windows"),
                            .slide = detail::window_length(slide, "the distance between windows"),
                            .offset = std::chrono::floor<std::chrono::milliseconds>(offset)};
  if (windows.offset != offset || windows.offset >= windows.slide ||
      windows.offset <= -windows.slide)
    throw std::invalid_argument{
        "the offset of windows must be whole milliseconds, and less than the distance between "
        "them"};
  return windows;
}

inline TimeWindows tumbling(Duration size, Duration offset) {
  return sliding(size, size, offset);
}

/// Windows that end when nothing has come for `gap`. Throws std::invalid_argument unless it is
/// whole milliseconds above 0.
inline SessionWindows session(Duration gap) {
  return {.gap = detail::window_length(gap, "the gap between sessions")};
}

/// One window for each key, from the beginning of time to its end.
inline GlobalWindows global() {
  return {};
}

/// Windows of `size` records of a key, whatever their times. One that is not full when the input
/// ends makes no result. Throws std::invalid_argument if the size is 0.
inline CountWindows count_windows(std::uint64_t size) {
  if (size == 0) throw std::invalid_argument{"count_windows(size): it must be above 0"};
  return {size};
}

/// The last `size` records of a key, or as many as there are, after every `slide` of them. Throws
/// std::invalid_argument if either is 0.
inline SlidingCountWindows count_windows(std::uint64_t size, std::uint64_t slide) {
  if (size == 0 || slide == 0)
    throw std::invalid_argument{"count_windows(size, slide): both must be above 0"};
  return {size, slide};
}

/// A result of a window that says whose it is.
template <class K, class V>
struct Windowed {
  K key;
  Window window;
  V value;

  friend bool operator==(const Windowed&, const Windowed&) = default;
};

}  // namespace weir
