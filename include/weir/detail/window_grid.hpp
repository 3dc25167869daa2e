// WindowGrid: which windows of one size, at regular distances, a time is in; and the panes that
// they share. Pure.
//
// A pane is as long as the greatest common divisor of size and slide: all windows begin and end
// between two panes, so a record goes into one pane, however many windows it is in.
#pragma once

#include <weir/windows.hpp>

#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string>

namespace weir::detail {

/// See the file comment.
class WindowGrid {
  using Ms = std::chrono::milliseconds;

public:
  explicit WindowGrid(const TimeWindows& windows)
      : size_{windows.size},
        slide_{windows.slide},
        offset_{windows.offset < Ms{} ? windows.offset + windows.slide : windows.offset},
        pane_{std::gcd(windows.size.count(), windows.slide.count())} {}

  Ms size() const { return size_; }
  Ms slide() const { return slide_; }
  bool is_tumbling() const { return size_ == slide_; }

  /// Throws std::out_of_range if a window with this time in it would end after the end of time, or
  /// begin before its beginning.
  void check(Timestamp time) const {
    const Ms reach = size_ + slide_ + slide_;
    if (time < Timestamp::min() + reach || time > Timestamp::max() - reach)
      throw std::out_of_range{"the time of a record is " +
                              std::to_string(time.time_since_epoch().count()) +
                              " ms after 1970: no window around it begins and ends; is it right?"};
  }

  /// Where the pane begins in which this time is.
  Timestamp pane_of(Timestamp time) const { return floor(time, pane_); }
  Timestamp end_of_pane(Timestamp pane) const { return pane + pane_; }

  /// The end of the first window that ends after `time`: of those with this time in it, if there
  /// are any, the first.
  Timestamp end_after(Timestamp time) const { return floor(time - size_, slide_) + slide_ + size_; }
  /// The end of the last window that begins at or before `time`.
  Timestamp last_end(Timestamp time) const { return floor(time, slide_) + size_; }
  /// Whether no window has this time in it.
  bool is_in_gap(Timestamp time) const { return last_end(time) <= time; }
  /// Whether any window ends there.
  bool is_end(Timestamp time) const { return floor(time - size_, slide_) == time - size_; }

private:
  /// The last moment at or before `time` that is `offset_` and a multiple of `step` after 1970.
  Timestamp floor(Timestamp time, Ms step) const {
    const Ms since = (time.time_since_epoch() - offset_) % step;
    return time - (since < Ms{} ? since + step : since);
  }

  Ms size_;
  Ms slide_;
  Ms offset_;  // not negative, so that no time less it is beyond the end of time
  Ms pane_;
};

}  // namespace weir::detail
