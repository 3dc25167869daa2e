// Barriers that overtake: when a subtask takes its snapshot, and what belongs to it.
#include "checkpoint/aligner.hpp"

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::checkpoint;

namespace {

constexpr Duration kNow = 0ms;
using Channels = std::vector<ChannelIndex>;

ChannelIndex channel(std::uint32_t index) {
  return ChannelIndex{index};
}
Barrier unaligned(std::uint64_t id) {
  return {.id = CheckpointId{id}, .mode = BarrierMode::unaligned};
}
Barrier timed(std::uint64_t id) {
  return {.id = CheckpointId{id}, .mode = BarrierMode::aligned_then_unaligned};
}
Barrier aligned(std::uint64_t id) {
  return {.id = CheckpointId{id}, .mode = BarrierMode::aligned};
}

std::unique_ptr<Aligner> make(std::size_t channels, std::vector<bool> is_held = {}) {
  std::vector<ChannelKind> kinds;
  is_held.resize(channels);
  for (const bool held : is_held) kinds.push_back(held ? ChannelKind::held : ChannelKind::plain);
  return Aligner::make(BarrierMode::aligned, std::move(kinds));
}

}  // namespace

TEST_CASE("an unaligned barrier is a snapshot as soon as it is seen anywhere",
          "[aligner][unaligned]") {
  auto aligner = make(3);
  auto outcome = aligner->on_announced(channel(1), unaligned(4), 10ms);
  CHECK(outcome.started == CheckpointId{4});
  REQUIRE(outcome.snapshot);
  CHECK(outcome.snapshot->overtaken == Channels{channel(0), channel(1), channel(2)});
  CHECK(outcome.snapshot->barrier.mode == BarrierMode::unaligned);
  CHECK_FALSE(outcome.recorded);
  outcome = aligner->on_announced(channel(0), unaligned(4), 20ms);
  CHECK_FALSE(outcome.snapshot);
  CHECK_FALSE(outcome.recorded);
  outcome = aligner->on_announced(channel(2), unaligned(4), 30ms);
  CHECK(outcome.recorded == CheckpointId{4});
  CHECK(aligner->on_announced(channel(2), unaligned(4), 30ms) == AlignerOutcome{});
}

TEST_CASE("with one channel the barrier is seen everywhere at once", "[aligner][unaligned]") {
  auto aligner = make(1);
  const auto outcome = aligner->on_announced(channel(0), unaligned(1), kNow);
  CHECK(outcome.snapshot->overtaken == Channels{channel(0)});
  CHECK(outcome.recorded == CheckpointId{1});
}

TEST_CASE("held channels are waited for, and block those that are ahead", "[aligner][unaligned]") {
  auto aligner = make(3, {false, true, false});
  CHECK_FALSE(aligner->on_announced(channel(0), unaligned(1), kNow).snapshot);
  CHECK_FALSE(aligner->on_announced(channel(1), unaligned(1), kNow).snapshot);
  CHECK(aligner->on_barrier(channel(0), unaligned(1), kNow).block_channel);
  const auto outcome = aligner->on_barrier(channel(1), unaligned(1), kNow);
  REQUIRE(outcome.snapshot);
  CHECK(outcome.snapshot->overtaken == Channels{channel(2)});
  CHECK(outcome.unblock_all);
  CHECK_FALSE(outcome.block_channel);
  CHECK(aligner->on_announced(channel(2), unaligned(1), kNow).recorded == CheckpointId{1});
}

TEST_CASE("if all channels are held nothing is overtaken", "[aligner][unaligned]") {
  auto aligner = make(2, {true, true});
  aligner->on_announced(channel(0), unaligned(1), kNow);
  aligner->on_announced(channel(1), unaligned(1), kNow);
  CHECK(aligner->on_barrier(channel(0), unaligned(1), kNow).block_channel);
  const auto outcome = aligner->on_barrier(channel(1), unaligned(1), kNow);
  REQUIRE(outcome.snapshot);
  CHECK(outcome.snapshot->overtaken.empty());
  CHECK(outcome.snapshot->barrier.mode == BarrierMode::unaligned);  // further on it overtakes again
  CHECK_FALSE(outcome.recorded);
}

TEST_CASE("barriers wait for their turn until the time is up", "[aligner][unaligned]") {
  auto aligner = make(2);
  CHECK(aligner->on_announced(channel(0), timed(1), kNow).started == CheckpointId{1});
  SECTION("all have had it before") {
    CHECK(aligner->on_barrier(channel(0), timed(1), kNow).block_channel);
    aligner->on_announced(channel(1), timed(1), kNow);
    const auto outcome = aligner->on_barrier(channel(1), timed(1), 5ms);
    REQUIRE(outcome.snapshot);
    CHECK(outcome.snapshot->overtaken.empty());
    CHECK(outcome.snapshot->barrier.mode == BarrierMode::aligned_then_unaligned);
    CHECK(aligner->on_timeout(CheckpointId{1}, 9ms) == AlignerOutcome{});
  }
  SECTION("one has not") {
    CHECK(aligner->on_barrier(channel(0), timed(1), kNow).block_channel);
    const auto outcome = aligner->on_timeout(CheckpointId{1}, 9ms);
    REQUIRE(outcome.snapshot);
    CHECK(outcome.snapshot->overtaken == Channels{channel(1)});
    CHECK(outcome.snapshot->barrier.mode == BarrierMode::unaligned);
    CHECK(outcome.unblock_all);
    CHECK(aligner->on_announced(channel(1), timed(1), kNow).recorded == CheckpointId{1});
  }
  SECTION("none has") {
    const auto outcome = aligner->on_timeout(CheckpointId{1}, 9ms);
    CHECK(outcome.snapshot->overtaken == Channels{channel(0), channel(1)});
    CHECK_FALSE(outcome.recorded);
  }
  SECTION("its barriers may not overtake") {
    auto other = make(2);
    other->on_barrier(channel(0), aligned(1), kNow);
    CHECK(other->on_timeout(CheckpointId{1}, 9ms) == AlignerOutcome{});
  }
  SECTION("the time of another is up") {
    CHECK(aligner->on_timeout(CheckpointId{2}, 9ms) == AlignerOutcome{});
  }
  SECTION("a barrier that has overtaken elsewhere says so") {
    CHECK(aligner->on_announced(channel(1), unaligned(1), kNow).snapshot);
  }
}

TEST_CASE("a newer barrier gives up what is being recorded, and a cancel too",
          "[aligner][unaligned]") {
  auto aligner = make(2);
  aligner->on_announced(channel(0), unaligned(1), kNow);
  SECTION("newer") {
    const auto outcome = aligner->on_announced(channel(0), unaligned(2), kNow);
    REQUIRE(outcome.aborted.size() == 1);
    CHECK(outcome.aborted[0].id == CheckpointId{1});
    CHECK(outcome.snapshot->barrier.id == CheckpointId{2});
    CHECK(aligner->on_announced(channel(1), unaligned(1), kNow) == AlignerOutcome{});
    CHECK(aligner->on_announced(channel(1), unaligned(2), kNow).recorded == CheckpointId{2});
  }
  SECTION("cancelled") {
    CHECK(aligner->on_cancel(channel(0), CheckpointId{1}).aborted.size() == 1);
    CHECK(aligner->on_announced(channel(1), unaligned(1), kNow) == AlignerOutcome{});
  }
  SECTION("the alignment of a savepoint that nobody wants any more") {
    auto other = make(2);
    CHECK(other->on_barrier(channel(0), aligned(1), kNow).block_channel);
    const auto outcome = other->on_announced(channel(0), unaligned(2), kNow);
    CHECK(outcome.aborted.size() == 1);
    CHECK(outcome.unblock_all);
    CHECK(outcome.snapshot->overtaken == Channels{channel(0), channel(1)});
  }
}

TEST_CASE("at least once no barrier is looked for", "[aligner][unaligned]") {
  auto counting = Aligner::make(BarrierMode::at_least_once, std::vector<ChannelKind>(2));
  CHECK(counting->on_announced(channel(0), unaligned(1), kNow) == AlignerOutcome{});
  CHECK(counting->on_timeout(CheckpointId{1}, kNow) == AlignerOutcome{});
}
