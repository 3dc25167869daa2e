// Activity: what a subtask does with its time: turns, and what it waits for between them. It costs
// a few additions per turn: the clock is read by the turn itself.
//
// What is long ago does not count: two windows of time are kept, and the older one is dropped when
// the newer one is full.
#pragma once

#include "runtime/task/situation.hpp"

namespace weir::runtime {

/// See the file comment. `now` is monotonic time, and never goes back.
class Activity {
public:
  /// What the time until the next turn is.
  enum class Between : std::uint8_t {
    idle,
    busy,  // there is more to do at once
    back_pressured,
  };

  /// A turn begins.
  void begin(Duration now);
  /// It is over.
  void end(Duration now, Between next);

  /// Returns what the last one to two windows of a second went into.
  TimeSpent spent(Duration now) const;

private:
  void roll(Duration now);
  void pass(Duration until, TimeSpent& into) const;

  TimeSpent recent_;
  TimeSpent before_;  // the window before
  Duration window_began_{};
  Duration changed_at_{};  // when the turn began, or the time between turns
  Between between_ = Between::idle;
};

}  // namespace weir::runtime
