#include "runtime/cluster/backoff.hpp"

#include <algorithm>

namespace weir::runtime {
namespace {

constexpr double kJitter = 0.25;  // of a time: enough to part 1,000 workers within a few rounds

}  // namespace

Duration RegistrationBackoff::next_timeout() {
  const Duration timeout = std::max(jittered(timeout_), options_.initial_timeout);
  // Halved rather than doubled: the maximum may be as large as a duration can be.
  timeout_ = timeout_ > options_.max_timeout / 2 ? options_.max_timeout : 2 * timeout_;
  return timeout;
}

Duration RegistrationBackoff::pause(Duration delay) {
  reset();
  return jittered(delay);
}

Duration RegistrationBackoff::jittered(Duration time) {
  const double part = kJitter * random_.uniform() * static_cast<double>(time.count());
  return time - Duration{static_cast<Duration::rep>(part)};
}

}  // namespace weir::runtime
