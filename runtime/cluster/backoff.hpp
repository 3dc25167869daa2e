// RegistrationBackoff: how long a worker waits between attempts to register. Pure: randomness comes
// from a seed. Parameters are Flink's (cluster.registration.*).
//
// An attempt that is not answered in time, or cannot even connect, is followed by the next at once,
// which waits twice as long, up to a maximum. The times are jittered: when a master starts again,
// its workers must not all come at the same moment for ever.
#pragma once

#include "base/backoff.hpp"

#include <weir/time.hpp>

namespace weir::runtime {

struct RegistrationOptions {
  Duration initial_timeout = std::chrono::milliseconds{100};  // of the first attempt; above 0
  Duration max_timeout = std::chrono::seconds{30};            // at least `initial_timeout`
  Duration error_delay = std::chrono::seconds{10};            // after an error
  Duration refused_delay = std::chrono::seconds{30};          // after a refusal
};

/// See the file comment.
class RegistrationBackoff {
public:
  RegistrationBackoff(const RegistrationOptions& options, std::uint64_t seed)
      : options_{options}, timeouts_{options.initial_timeout, options.max_timeout, seed} {}

  /// Begins an attempt. Returns how long to wait for its answer before the next one: the initial
  /// timeout at first, then twice as long each time, less up to a quarter at random; never outside
  /// of the configured bounds.
  Duration next_timeout() { return timeouts_.next(); }

  /// An attempt has met an error other than silence. Returns how long to pause before the next one,
  /// less up to a quarter at random; timeouts begin anew.
  Duration after_error() { return pause(options_.error_delay); }
  /// The master has refused. Returns the same, for `refused_delay`.
  Duration after_refusal() { return pause(options_.refused_delay); }
  /// The worker is registered: timeouts begin anew if it ever has to register again.
  void reset() { timeouts_.reset(); }

private:
  Duration pause(Duration delay) {
    reset();
    return timeouts_.jittered(delay);
  }

  RegistrationOptions options_;
  base::Backoff timeouts_;
};

}  // namespace weir::runtime
