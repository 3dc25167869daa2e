// Restart strategies to the millisecond, on a clock that the test moves.
#include "runtime/job/restart.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using runtime::RestartPolicy;

namespace {

std::optional<Duration> delay(RestartPolicy& policy, Duration now) {
  const auto decision = policy.on_failure(now);
  if (!decision.restarts) return std::nullopt;
  return decision.at - now;
}

}  // namespace

TEST_CASE("none: the first failure is the end", "[restart]") {
  RestartPolicy policy{restart::none(), 1};
  CHECK_FALSE(delay(policy, 5s));
  CHECK(policy.restarts() == 0);
  CHECK(policy.describe().find("restart-strategy.type") != std::string::npos);
}

TEST_CASE("fixed delay: as many restarts as attempts, each after the delay", "[restart]") {
  RestartPolicy policy{restart::fixed_delay({.attempts = 3, .delay = 10s}), 1};
  CHECK(delay(policy, 0s) == 10s);
  CHECK(delay(policy, 100s) == 10s);
  CHECK(delay(policy, 110s) == 10s);
  CHECK_FALSE(delay(policy, 121s));
  CHECK(policy.restarts() == 3);
}

TEST_CASE("fixed delay: the default is one restart after a second", "[restart]") {
  RestartPolicy policy{restart::fixed_delay(), 1};
  CHECK(delay(policy, 0s) == 1s);
  CHECK_FALSE(delay(policy, 1s));
}

TEST_CASE("failures before the scheduled restart are part of it", "[restart]") {
  RestartPolicy policy{restart::fixed_delay({.attempts = 1, .delay = 10s}), 1};
  CHECK(delay(policy, 0s) == 10s);
  for (const auto at : {0s, 1s, 9s}) {
    const auto decision = policy.on_failure(at);
    CHECK(decision.restarts);
    CHECK(decision.at == 10s);
    CHECK_FALSE(decision.is_new_attempt);
  }
  CHECK(policy.restarts() == 1);
  CHECK_FALSE(policy.on_failure(10s).restarts);
}

TEST_CASE("failure rate: gives up when more failures than allowed fall into the interval",
          "[restart]") {
  RestartPolicy policy{restart::failure_rate({.max_failures = 2, .interval = 60s, .delay = 1s}), 1};
  CHECK(delay(policy, 0s) == 1s);
  CHECK(delay(policy, 30s) == 1s);
  CHECK(delay(policy, 61s) == 1s);  // the first has left the interval
  CHECK(delay(policy, 100s) == 1s);
  CHECK_FALSE(delay(policy, 120s));  // 61, 100, 120
}

TEST_CASE("failure rate: exactly at the end of the interval still counts", "[restart]") {
  RestartPolicy inside{restart::failure_rate({.max_failures = 1, .interval = 60s, .delay = 0s}), 1};
  CHECK(delay(inside, 0s) == 0s);
  CHECK_FALSE(delay(inside, 60s));
  RestartPolicy outside{restart::failure_rate({.max_failures = 1, .interval = 60s, .delay = 0s}),
                        1};
  CHECK(delay(outside, 0s) == 0s);
  CHECK(delay(outside, 60s + 1ms) == 0s);
}

TEST_CASE("exponential: delays grow by the multiplier up to the maximum", "[restart]") {
  RestartPolicy policy{
      restart::exponential({.initial = 1s, .max = 10s, .multiplier = 2.0, .jitter = 0.0}), 1};
  Duration now = 0s;
  for (const auto expected : {1000ms, 2000ms, 4000ms, 8000ms, 10000ms, 10000ms}) {
    CHECK(delay(policy, now) == expected);
    now += expected + 1s;
  }
}

TEST_CASE("exponential: the default grows by a half", "[restart]") {
  RestartPolicy policy{restart::exponential({.jitter = 0.0}), 1};
  CHECK(delay(policy, 0s) == 1000ms);
  CHECK(delay(policy, 10s) == 1500ms);
  CHECK(delay(policy, 20s) == 2250ms);
}

TEST_CASE("exponential: begins anew after the threshold, counted from the last restart",
          "[restart]") {
  RestartPolicy policy{
      restart::exponential({.initial = 1s, .multiplier = 2.0, .reset_after = 1h, .jitter = 0.0}),
      1};
  CHECK(delay(policy, 0s) == 1s);   // restarts at 1 s
  CHECK(delay(policy, 10s) == 2s);  // restarts at 12 s
  CHECK(delay(policy, 12s + 1h - 1ms) == 4s);
  const Duration last = 12s + 1h - 1ms + 4s;
  CHECK(delay(policy, last + 1h) == 1s);
}

TEST_CASE("exponential: gives up after the attempts before reset", "[restart]") {
  RestartPolicy policy{restart::exponential({.initial = 1s,
                                             .multiplier = 2.0,
                                             .reset_after = 1h,
                                             .jitter = 0.0,
                                             .attempts_before_reset = 2}),
                       1};
  CHECK(delay(policy, 0s) == 1s);
  CHECK(delay(policy, 10s) == 2s);
  CHECK_FALSE(delay(policy, 20s));
  RestartPolicy reset{restart::exponential({.initial = 1s,
                                            .multiplier = 2.0,
                                            .reset_after = 1h,
                                            .jitter = 0.0,
                                            .attempts_before_reset = 1}),
                      1};
  CHECK(delay(reset, 0s) == 1s);
  CHECK(delay(reset, 1s + 1h) == 1s);
}

TEST_CASE("exponential: jitter varies the delay by its fraction, within the bounds", "[restart]") {
  Duration least = 1h;
  Duration most = 0s;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    RestartPolicy policy{
        restart::exponential({.initial = 1s, .max = 1min, .multiplier = 10.0, .jitter = 0.1}),
        seed};
    const Duration first = delay(policy, 0s).value();
    CHECK(first >= 1s);  // never below the initial delay
    CHECK(first <= 1100ms);
    const Duration second = delay(policy, 10s).value();
    CHECK(second >= 9s);
    CHECK(second <= 11s);
    least = std::min(least, second);
    most = std::max(most, second);
  }
  CHECK(least < 9200ms);
  CHECK(most > 10800ms);
}

TEST_CASE("without a setting: exponential with checkpoints, none without", "[restart]") {
  CHECK(std::holds_alternative<restart::None>(runtime::effective_strategy({})));
  CHECK(std::holds_alternative<restart::ExponentialDelay>(
      runtime::effective_strategy({.checkpoint = {.every = 1s}})));
  CHECK(std::holds_alternative<restart::FixedDelay>(runtime::effective_strategy(
      {.checkpoint = {.every = 1s}, .restart = restart::fixed_delay()})));
}
