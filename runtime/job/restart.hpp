// Restart strategies: may the job restart after a failure, and when? Pure: time comes in as an
// argument, jitter from a seeded generator. Parameters and formulae are Flink's.
#pragma once

#include "base/random.hpp"

#include <weir/options.hpp>

#include <deque>
#include <optional>
#include <string>

namespace weir::runtime {

/// See the file comment.
class RestartPolicy {
public:
  RestartPolicy(const RestartStrategy& strategy, std::uint64_t seed)
      : strategy_{strategy}, random_{seed} {}

  /// What to do after a failure.
  struct Decision {
    bool restarts = false;
    Duration at{};               // monotonic; when to restart
    bool is_new_attempt = true;  // false: merged with a failure before it
  };

  /// The job has failed at `now` (monotonic, not before earlier calls). A failure before the
  /// restart that the last one scheduled belongs to that restart.
  Decision on_failure(Duration now);

  /// Restarts scheduled so far.
  int restarts() const { return restarts_; }

  /// Names the strategy and says why it gives up, for the failure's message.
  std::string describe() const;

private:
  std::optional<Duration> delay_after(const restart::None&, Duration now);
  std::optional<Duration> delay_after(const restart::FixedDelay& fixed, Duration now);
  std::optional<Duration> delay_after(const restart::FailureRate& rate, Duration now);
  std::optional<Duration> delay_after(const restart::ExponentialDelay& exponential, Duration now);

  RestartStrategy strategy_;
  base::Random random_;
  std::optional<Duration> scheduled_;  // the last restart
  int restarts_ = 0;
  int attempts_since_reset_ = 0;   // exponential
  std::deque<Duration> failures_;  // failure rate: the last max + 1
};

/// Returns the strategy that applies when none is set: exponential delay if checkpoints are taken,
/// else none.
RestartStrategy effective_strategy(const JobOptions& options);

}  // namespace weir::runtime
