// The interval that a job chooses for its checkpoints.
#include "runtime/job/auto_interval.hpp"

#include "checkpoint/advisor/failure_rate.hpp"
#include "checkpoint/advisor/intervals.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

CheckpointEntry entry(std::uint64_t id, Duration sync, Duration duration) {
  return {.id = CheckpointId{id},
          .duration = duration,
          .subtasks = 1,
          .answers = {{"counts/0", {.sync = sync}, 100}}};
}

AutoInterval running() {
  AutoInterval interval{{.every = 1min, .auto_interval = true}};
  interval.on_job(JobState::running, 0, 0s);
  return interval;
}

/// What the formula says of a job of full load.
Duration best(Duration cost, Duration observed, std::uint64_t failures) {
  const auto mtbf = advisor::observed_mtbf(observed, failures).value();
  const advisor::Model model{.cost = cost, .mtbf = mtbf};
  return advisor::to_duration(advisor::exact_interval(model).value() + advisor::Seconds{cost});
}

bool is_near(Duration a, Duration b) {
  return std::abs((a - b).count()) < 1'000'000;
}

}  // namespace

TEST_CASE("before a checkpoint has been measured the first interval stays", "[interval]") {
  AutoInterval interval = running();
  CHECK_FALSE(interval.reconsider(1h));
  CHECK(interval.current() == 1min);
  CheckpointEntry failed = entry(1, 1s, 2s);
  failed.failure = "the disk is full";
  interval.on_checkpoint(failed);
  CHECK_FALSE(interval.reconsider(1h));
}

TEST_CASE("a job chooses what its cost and its failures say", "[interval]") {
  AutoInterval interval = running();
  interval.on_checkpoint(entry(1, 200ms, 2s));
  const auto first = interval.reconsider(60s);
  REQUIRE(first);
  CHECK(is_near(*first, best(200ms, 60s, 0)));
  CHECK(*first > 2min);
  CHECK(interval.current() == *first);

  // An hour later, with eleven failures after which it took 20 s to run again.
  for (int failures = 0; failures < 11; ++failures) {
    const Duration at = 60s + failures * 300s;
    interval.on_job(JobState::failing, failures, at);
    interval.on_job(JobState::restarting, failures + 1, at + 1s);
    interval.on_job(JobState::running, failures + 1, at + 20s);
  }
  const auto second = interval.reconsider(1h);
  REQUIRE(second);
  CHECK(is_near(*second, best(200ms, 1h - 11 * 20s, 11)));
  CHECK(*second < *first / 3);
}

TEST_CASE("a difference of less than a tenth changes nothing", "[interval]") {
  AutoInterval interval = running();
  interval.on_checkpoint(entry(1, 200ms, 2s));
  REQUIRE(interval.reconsider(60s));
  const Duration chosen = interval.current();
  interval.on_checkpoint(entry(2, 210ms, 2s));
  CHECK_FALSE(interval.reconsider(120s));
  CHECK(interval.current() == chosen);
  for (std::uint64_t id = 3; id < 40; ++id) interval.on_checkpoint(entry(id, 2s, 4s));
  CHECK(interval.reconsider(180s));
  CHECK(interval.current() > chosen);
}

TEST_CASE("the interval is never shorter than a checkpoint and the pause take", "[interval]") {
  AutoInterval interval{{.every = 1min, .auto_interval = true, .min_pause = 5s}};
  interval.on_job(JobState::running, 0, 0s);
  interval.on_checkpoint(entry(1, 0ms, 3s));
  REQUIRE(interval.reconsider(10s));
  CHECK(interval.current() == 8s);
}
