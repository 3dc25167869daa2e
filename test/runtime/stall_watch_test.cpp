// When subtasks are asked what a checkpoint waits on, and when a deadlock is certain.
#include "runtime/job/stall_watch.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

constexpr SubtaskId kSource{VertexId{0}, 0};
constexpr SubtaskId kLoop{VertexId{1}, 0};
constexpr CheckpointId kId{1};

/// source -> loop -> loop
Wiring wiring() {
  return {{kSource, {"source/0", {}, {{kLoop, 0}}}},
          {kLoop, {"loop/0", {{kSource, 0}, {kLoop, 0}}, {{kLoop, 1}}}}};
}

SubtaskSituation source() {
  return {.handled = kId, .outputs = {{.credits = 1, .window = 1}}};
}

/// It waits for credits that it gives itself.
SubtaskSituation stuck(std::uint64_t records = 0) {
  return {.records_in = records,
          .inputs = {{}, {.received = 1, .batches = 1}},
          .outputs = {{.sent = 1, .credits = 0, .window = 1, .waiting = 1}}};
}

struct Watch : StallWatch {
  explicit Watch(Duration timeout = 10min) : StallWatch{wiring(), timeout} {}

  /// Asks all at `now`, who answer at once; returns a deadlock that is certain.
  std::optional<Deadlock> round(Duration now, const SubtaskSituation& loop) {
    REQUIRE(is_due(now));
    const std::uint64_t number = begin_round({kSource, kLoop}, now);
    on_situation(number, kSource, source());
    on_situation(number, kLoop, loop);
    REQUIRE(is_round_over(now));
    for (const CheckpointId id : to_explain()) explain(id, {kLoop});
    return end_round(now);
  }
};

}  // namespace

TEST_CASE("a checkpoint that is fast is asked nobody about", "[stall_watch]") {
  Watch watch;
  CHECK_FALSE(watch.next_wake());
  watch.on_begun(kId, 10s);
  CHECK(watch.next_wake() == 11s);
  CHECK_FALSE(watch.is_due(11s - 1ns));
  CHECK(watch.on_ended(kId, 500ms).empty());
  CHECK_FALSE(watch.next_wake());
}

TEST_CASE("what is slow depends on what is usual", "[stall_watch]") {
  Watch watch;
  watch.on_begun(kId, 0s);
  watch.on_ended(kId, 4s);
  watch.on_begun(CheckpointId{2}, 10s);
  CHECK(watch.next_wake() == 22s);
  watch.on_ended(CheckpointId{2}, std::nullopt);  // failed: says nothing
  watch.on_begun(CheckpointId{3}, 30s);
  CHECK(watch.next_wake() == 42s);
  watch.on_ended(CheckpointId{3}, 8s);
  watch.on_begun(CheckpointId{4}, 50s);
  CHECK(watch.next_wake() == 65s);  // (3 * 4 s + 8 s) / 4, three times
}

TEST_CASE("a round ends with the last answer, or without it", "[stall_watch]") {
  Watch watch;
  watch.on_begun(kId, 0s);
  const std::uint64_t first = watch.begin_round({kSource, kLoop}, 1s);
  CHECK_FALSE(watch.is_due(1s));
  watch.on_situation(first, kSource, source());
  watch.on_situation(first, {VertexId{7}, 0}, {});  // was not asked
  CHECK_FALSE(watch.is_round_over(1s));
  CHECK(watch.next_wake() == 2s);
  CHECK(watch.is_round_over(2s));
  REQUIRE(watch.to_explain() == std::vector<CheckpointId>{kId});
  watch.explain(kId, {kLoop});
  CHECK_THAT(watch.waits_on(kId), Catch::StartsWith("loop/0: it does not answer"));
  CHECK_FALSE(watch.end_round(2s));

  const std::uint64_t second = watch.begin_round({kSource, kLoop}, 3s);
  watch.on_situation(first, kLoop, stuck());  // too late
  watch.on_situation(second, kSource, source());
  CHECK_FALSE(watch.is_round_over(3s));
  watch.on_situation(second, kLoop, stuck());
  CHECK(watch.is_round_over(3s));
  CHECK_THAT(watch.on_ended(kId, std::nullopt), Catch::StartsWith("loop/0: it does not answer"));
  watch.end_round(3s);  // nobody is left to tell
}

TEST_CASE("rounds come after twice the time, and once before it expires", "[stall_watch]") {
  Watch watch{20s};
  watch.on_begun(kId, 0s);
  std::vector<Duration> rounds;
  while (const auto at = watch.next_wake()) {
    rounds.push_back(*at);
    CHECK_FALSE(watch.round(*at, {.inputs = {{}, {}}, .outputs = {{.credits = 1, .window = 1}}}));
  }
  CHECK(rounds == std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 18s});
  Watch quick{1s};
  quick.on_begun(kId, 0s);
  CHECK(quick.next_wake() == 500ms);  // and a quarter of a second for the answers
}

TEST_CASE("a deadlock must show twice, and nobody in it may have moved", "[stall_watch]") {
  Watch watch;
  watch.on_begun(kId, 0s);
  CHECK_FALSE(watch.round(1s, stuck(5)));
  CHECK(watch.next_wake() == 2s);  // looks again soon
  CHECK_FALSE(watch.round(2s, stuck(6)));
  const auto deadlock = watch.round(3s, stuck(6));
  REQUIRE(deadlock);
  CHECK(deadlock->text == "loop/0 waits for credits of loop/0");
}
