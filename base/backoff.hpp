// Backoff: times that double from one attempt to the next, up to a maximum, less a part at random:
// those who have failed at one moment must not all come back at one moment, again and again. Pure:
// randomness comes from a seed.
#pragma once

#include "base/random.hpp"

#include <weir/time.hpp>

namespace weir::base {

/// See the file comment.
class Backoff {
public:
  /// `initial` is above 0, and `max`, which may be as large as a duration can be, not below it.
  Backoff(Duration initial, Duration max, std::uint64_t seed)
      : initial_{initial}, max_{max}, next_{initial}, random_{seed} {}

  /// Returns the time for the next attempt: the initial one at first, then twice as long each time,
  /// less up to a quarter at random; never outside of the bounds.
  Duration next();
  /// Returns `time` less up to a quarter at random.
  Duration jittered(Duration time);
  /// Times begin anew with the initial one.
  void reset() { next_ = initial_; }

private:
  Duration initial_;
  Duration max_;
  Duration next_;  // before jitter
  Random random_;
};

}  // namespace weir::base
