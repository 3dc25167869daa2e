#include "base/backoff.hpp"

#include <algorithm>

namespace weir::base {
namespace {

constexpr double kJitter = 0.25;  // of a time: enough to part 1,000 callers within a few rounds

}  // namespace

Duration Backoff::next() {
  const Duration time = std::max(jittered(next_), initial_);
  // Halved rather than doubled: the maximum may be as large as a duration can be.
  next_ = next_ > max_ / 2 ? max_ : 2 * next_;
  return time;
}

Duration Backoff::jittered(Duration time) {
  const double part = kJitter * random_.uniform() * static_cast<double>(time.count());
  return time - Duration{static_cast<Duration::rep>(part)};
}

}  // namespace weir::base
