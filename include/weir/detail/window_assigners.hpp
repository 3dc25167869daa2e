// Which windows a record is in, for windows with triggers.
#pragma once

#include <weir/detail/session_merge.hpp>
#include <weir/detail/window_grid.hpp>
#include <weir/detail/window_time.hpp>

namespace weir::detail {

/// Windows of one size at regular distances.
class GridAssigner {
public:
  static constexpr bool kMerges = false;
  static constexpr bool kEnds = true;
  explicit GridAssigner(const TimeWindows& windows) : grid_{windows} {}

  template <class F>
  void each_window(Timestamp time, const F& f) const {
    grid_.check(time);
    for (Timestamp end = grid_.end_after(time); end <= grid_.last_end(time); end += grid_.slide())
      f(Window{end - grid_.size(), end});
  }

private:
  WindowGrid grid_;
};

/// Sessions: what a record would be alone.
class SessionAssigner {
public:
  static constexpr bool kMerges = true;
  static constexpr bool kEnds = true;
  explicit SessionAssigner(const SessionWindows& windows) : gap_{windows.gap} {}

  template <class F>
  void each_window(Timestamp time, const F& f) const {
    f(session_of(time, gap_));
  }

private:
  std::chrono::milliseconds gap_;
};

/// One window of all.
class GlobalAssigner {
public:
  static constexpr bool kMerges = false;
  static constexpr bool kEnds = false;

  template <class F>
  void each_window(Timestamp, const F& f) const {
    f(Window{Timestamp::min(), Timestamp::max()});
  }
};

}  // namespace weir::detail
