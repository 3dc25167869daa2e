#include "checkpoint/aligner.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::checkpoint;

namespace {

constexpr Duration kNow = 0ms;

Barrier barrier(std::uint64_t id) {
  return {.id = CheckpointId{id}, .triggered_at = {}};
}
ChannelIndex channel(std::uint32_t index) {
  return ChannelIndex{index};
}

std::unique_ptr<Aligner> aligned(std::size_t channels) {
  return Aligner::make(BarrierMode::aligned, std::vector<ChannelKind>(channels));
}
std::unique_ptr<Aligner> at_least_once(std::size_t channels) {
  return Aligner::make(BarrierMode::at_least_once, std::vector<ChannelKind>(channels));
}

std::optional<std::uint64_t> snapshot_of(const AlignerOutcome& outcome) {
  if (!outcome.snapshot) return std::nullopt;
  return outcome.snapshot->barrier.id.value();
}

std::vector<std::uint64_t> aborted_by(const AlignerOutcome& outcome) {
  std::vector<std::uint64_t> ids;
  for (const auto& aborted : outcome.aborted) ids.push_back(aborted.id.value());
  return ids;
}

}  // namespace

TEST_CASE("with one channel every barrier is a snapshot and nothing is blocked", "[aligner]") {
  auto aligner = aligned(1);
  for (std::uint64_t id = 1; id < 4; ++id) {
    const auto outcome = aligner->on_barrier(channel(0), barrier(id), kNow);
    CHECK(snapshot_of(outcome) == id);
    CHECK_FALSE(outcome.block_channel);
  }
}

TEST_CASE("a barrier blocks its channel until the last one has come", "[aligner]") {
  auto aligner = aligned(3);
  auto outcome = aligner->on_barrier(channel(1), barrier(7), 10ms);
  CHECK(outcome.block_channel);
  CHECK(outcome.started == CheckpointId{7});
  CHECK_FALSE(outcome.snapshot);
  outcome = aligner->on_barrier(channel(0), barrier(7), 20ms);
  CHECK(outcome.block_channel);
  CHECK_FALSE(outcome.started);
  outcome = aligner->on_barrier(channel(2), barrier(7), 35ms);
  CHECK_FALSE(outcome.block_channel);
  CHECK(outcome.unblock_all);
  CHECK(snapshot_of(outcome) == 7U);
  CHECK(outcome.snapshot->alignment == 25ms);
}

TEST_CASE("a newer barrier gives up the alignment that it finds", "[aligner]") {
  auto aligner = aligned(2);
  aligner->on_barrier(channel(0), barrier(1), kNow);
  const auto outcome = aligner->on_barrier(channel(1), barrier(2), kNow);
  CHECK(aborted_by(outcome) == std::vector<std::uint64_t>{1});
  CHECK(outcome.unblock_all);
  CHECK(outcome.block_channel);
  CHECK(outcome.started == CheckpointId{2});
  CHECK(snapshot_of(aligner->on_barrier(channel(0), barrier(2), kNow)) == 2U);
}

TEST_CASE("a cancelled checkpoint unblocks and is never snapshotted", "[aligner]") {
  SECTION("before any barrier") {
    auto aligner = aligned(2);
    CHECK_FALSE(aligner->on_cancel(channel(0), CheckpointId{1}).unblock_all);
    CHECK(aligner->on_barrier(channel(0), barrier(1), kNow) == AlignerOutcome{});
    CHECK(aligner->on_barrier(channel(1), barrier(1), kNow) == AlignerOutcome{});
  }
  SECTION("between the barriers") {
    auto aligner = aligned(2);
    aligner->on_barrier(channel(0), barrier(1), kNow);
    CHECK(aligner->on_cancel(channel(0), CheckpointId{1}).unblock_all);
    CHECK(aligner->on_barrier(channel(1), barrier(1), kNow) == AlignerOutcome{});
  }
  SECTION("after the snapshot nothing happens") {
    auto aligner = aligned(1);
    aligner->on_barrier(channel(0), barrier(1), kNow);
    CHECK(aligner->on_cancel(channel(0), CheckpointId{1}) == AlignerOutcome{});
  }
  SECTION("a newer cancel gives up the alignment under way") {
    auto aligner = aligned(2);
    aligner->on_barrier(channel(0), barrier(1), kNow);
    CHECK(aborted_by(aligner->on_cancel(channel(0), CheckpointId{2})) ==
          std::vector<std::uint64_t>{1});
    CHECK(aligner->on_barrier(channel(1), barrier(2), kNow) == AlignerOutcome{});
  }
  SECTION("an older cancel does not disturb") {
    auto aligner = aligned(2);
    aligner->on_barrier(channel(0), barrier(2), kNow);
    CHECK(aligner->on_cancel(channel(0), CheckpointId{1}) == AlignerOutcome{});
    CHECK(snapshot_of(aligner->on_barrier(channel(1), barrier(2), kNow)) == 2U);
  }
  SECTION("the checkpoint after it works") {
    auto aligner = aligned(2);
    aligner->on_barrier(channel(0), barrier(1), kNow);
    aligner->on_cancel(channel(0), CheckpointId{1});
    aligner->on_barrier(channel(1), barrier(2), kNow);
    CHECK(snapshot_of(aligner->on_barrier(channel(0), barrier(2), kNow)) == 2U);
  }
  SECTION("at least once, when all channels have said so") {
    auto aligner = at_least_once(2);
    aligner->on_barrier(channel(0), barrier(1), kNow);
    const auto outcome = aligner->on_cancel(channel(1), CheckpointId{1});
    CHECK(outcome.cancelled == CheckpointId{1});
    CHECK_FALSE(outcome.snapshot);
    CHECK(aligner->on_cancel(channel(0), CheckpointId{1}) == AlignerOutcome{});
  }
  SECTION("at least once, it counts as a barrier of each channel") {
    auto aligner = at_least_once(2);
    CHECK(aligner->on_cancel(channel(0), CheckpointId{1}) == AlignerOutcome{});
    const auto outcome = aligner->on_barrier(channel(1), barrier(1), kNow);
    CHECK(outcome.cancelled == CheckpointId{1});
    CHECK_FALSE(outcome.started);
  }
}

TEST_CASE("those downstream hear of a cancelled checkpoint once", "[aligner]") {
  auto aligner = aligned(2);
  CHECK(aligner->on_cancel(channel(0), CheckpointId{1}).cancelled == CheckpointId{1});
  CHECK(aligner->on_cancel(channel(1), CheckpointId{1}) == AlignerOutcome{});
}

TEST_CASE("a checkpoint that the coordinator gave up takes no older one with it", "[aligner]") {
  SECTION("it is under way") {
    auto aligner = aligned(2);
    aligner->on_barrier(channel(0), barrier(1), kNow);
    const auto outcome = aligner->on_aborted(CheckpointId{1});
    CHECK(outcome.cancelled == CheckpointId{1});
    CHECK(outcome.unblock_all);
    CHECK(outcome.aborted.empty());
    CHECK(aligner->on_barrier(channel(1), barrier(1), kNow) == AlignerOutcome{});
  }
  SECTION("an older one is under way") {
    auto aligner = aligned(2);
    aligner->on_barrier(channel(0), barrier(1), kNow);
    CHECK(aligner->on_aborted(CheckpointId{2}) == AlignerOutcome{});
    CHECK(snapshot_of(aligner->on_barrier(channel(1), barrier(1), kNow)) == 1U);
    const auto outcome = aligner->on_barrier(channel(1), barrier(2), kNow);
    CHECK(outcome.cancelled == CheckpointId{2});
    CHECK_FALSE(outcome.block_channel);
    CHECK_FALSE(outcome.started);
    CHECK(aligner->on_barrier(channel(0), barrier(2), kNow) == AlignerOutcome{});
  }
  SECTION("an older one will never come") {
    auto aligner = aligned(2);
    aligner->on_barrier(channel(0), barrier(1), kNow);
    aligner->on_aborted(CheckpointId{2});
    const auto outcome = aligner->on_barrier(channel(1), barrier(2), kNow);
    CHECK(aborted_by(outcome) == std::vector<std::uint64_t>{1});
    CHECK(outcome.cancelled == CheckpointId{2});
    CHECK(outcome.unblock_all);
  }
  SECTION("it is announced to one that would let it overtake") {
    auto aligner = aligned(2);
    const Barrier overtaking{.id = CheckpointId{2}, .mode = BarrierMode::unaligned};
    aligner->on_barrier(channel(0), barrier(1), kNow);
    aligner->on_aborted(CheckpointId{2});
    CHECK(aligner->on_announced(channel(1), overtaking, kNow) == AlignerOutcome{});
    CHECK(snapshot_of(aligner->on_barrier(channel(1), barrier(1), kNow)) == 1U);
  }
  SECTION("it is over already") {
    auto aligner = aligned(1);
    aligner->on_barrier(channel(0), barrier(1), kNow);
    CHECK(aligner->on_aborted(CheckpointId{1}) == AlignerOutcome{});
  }
}

TEST_CASE("random checkpoints that are given up leave all others whole", "[aligner]") {
  constexpr std::uint64_t kLast = 8;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    for (auto make : {aligned, at_least_once}) {
      CAPTURE(seed);
      base::Random random{seed};
      const auto channels = static_cast<std::uint32_t>(1 + random.below(4));
      std::vector<std::uint64_t> next(channels, 1);  // barrier, by channel
      std::set<std::uint32_t> blocked;
      std::set<std::uint64_t> off;
      std::vector<std::uint64_t> ends;  // of checkpoints, as those downstream hear of them
      std::set<std::uint64_t> taken;
      auto aligner = make(channels);
      const auto apply = [&](const AlignerOutcome& outcome) {
        REQUIRE(outcome.aborted.empty());
        if (outcome.unblock_all) blocked.clear();
        if (outcome.snapshot) taken.insert(ends.emplace_back(*snapshot_of(outcome)));
        if (outcome.cancelled) ends.push_back(outcome.cancelled->value());
      };
      while (std::any_of(next.begin(), next.end(), [](auto id) { return id <= kLast; })) {
        if (random.chance(0.2)) {
          const std::uint64_t id = 1 + random.below(kLast);
          off.insert(id);
          apply(aligner->on_aborted(CheckpointId{id}));
        }
        const auto c = static_cast<std::uint32_t>(random.below(channels));
        if (blocked.contains(c) || next[c] > kLast) continue;
        const std::uint64_t id = next[c]++;
        const bool is_marked = off.contains(id) && random.chance(0.5);
        const auto outcome = is_marked ? aligner->on_cancel(channel(c), CheckpointId{id})
                                       : aligner->on_barrier(channel(c), barrier(id), kNow);
        apply(outcome);
        if (outcome.block_channel) blocked.insert(c);
      }
      std::vector<std::uint64_t> all;
      for (std::uint64_t id = 1; id <= kLast; ++id) {
        all.push_back(id);
        REQUIRE((taken.contains(id) || off.contains(id)));
      }
      REQUIRE(ends == all);  // each once, in order
    }
  }
}

TEST_CASE("barriers of checkpoints that are over are ignored", "[aligner]") {
  for (auto make : {aligned, at_least_once}) {
    auto aligner = make(2);
    aligner->on_barrier(channel(0), barrier(5), kNow);
    aligner->on_barrier(channel(1), barrier(5), kNow);
    for (std::uint64_t old = 1; old <= 5; ++old) {
      CHECK(aligner->on_barrier(channel(0), barrier(old), kNow) == AlignerOutcome{});
      CHECK(aligner->on_barrier(channel(1), barrier(old), kNow) == AlignerOutcome{});
    }
  }
}

TEST_CASE("a repeated barrier on the same channel counts once", "[aligner]") {
  for (auto make : {aligned, at_least_once}) {
    auto aligner = make(2);
    aligner->on_barrier(channel(0), barrier(1), kNow);
    CHECK_FALSE(aligner->on_barrier(channel(0), barrier(1), kNow).snapshot);
    CHECK(snapshot_of(aligner->on_barrier(channel(1), barrier(1), kNow)) == 1U);
  }
}

TEST_CASE("at least once: a later checkpoint that completes first drops the earlier", "[aligner]") {
  auto aligner = at_least_once(2);
  CHECK_FALSE(aligner->on_barrier(channel(0), barrier(1), kNow).block_channel);
  CHECK_FALSE(aligner->on_barrier(channel(0), barrier(2), kNow).block_channel);
  const auto outcome = aligner->on_barrier(channel(1), barrier(2), kNow);
  CHECK(snapshot_of(outcome) == 2U);
  CHECK(aborted_by(outcome) == std::vector<std::uint64_t>{1});
  CHECK(aligner->on_barrier(channel(1), barrier(1), kNow) == AlignerOutcome{});
}

TEST_CASE("at least once: no more than fifty checkpoints are tracked", "[aligner]") {
  auto aligner = at_least_once(2);
  for (std::uint64_t id = 1; id <= 50; ++id)
    CHECK(aligner->on_barrier(channel(0), barrier(id), kNow).aborted.empty());
  CHECK(aborted_by(aligner->on_barrier(channel(0), barrier(51), kNow)) ==
        std::vector<std::uint64_t>{1});
}

TEST_CASE("random barriers and records on random channels give consistent cuts", "[aligner]") {
  // Each channel carries numbered records with barriers between them. A snapshot must hold, of
  // every channel, exactly the records before that channel's barrier; and nothing may stay blocked.
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const auto channels = static_cast<std::uint32_t>(1 + random.below(5));
    struct Item {
      bool is_barrier;
      std::uint64_t id;
    };
    std::vector<std::deque<Item>> input(channels);
    std::vector<std::map<std::uint64_t, std::uint64_t>> before(channels);  // records before barrier
    for (std::uint32_t c = 0; c < channels; ++c) {
      std::uint64_t records = 0;
      for (std::uint64_t id = 1; id <= 6; ++id) {
        for (std::uint64_t n = random.below(4); n != 0; --n) {
          input[c].push_back({false, 0});
          ++records;
        }
        if (random.chance(0.1)) continue;  // lost: as if an upstream subtask gave that one up
        before[c][id] = records;
        input[c].push_back({true, id});
      }
    }
    auto aligner = aligned(channels);
    std::vector<std::uint64_t> taken(channels, 0);
    std::set<std::uint32_t> blocked;
    std::uint64_t last = 0;
    while (true) {
      std::vector<std::uint32_t> ready;
      for (std::uint32_t c = 0; c < channels; ++c) {
        if (!input[c].empty() && !blocked.contains(c)) ready.push_back(c);
      }
      if (ready.empty()) break;
      const std::uint32_t c = ready[random.below(ready.size())];
      const Item item = input[c].front();
      input[c].pop_front();
      AlignerOutcome outcome;
      if (!item.is_barrier)
        ++taken[c];
      else
        outcome = aligner->on_barrier(channel(c), barrier(item.id), kNow);
      if (outcome.unblock_all) blocked.clear();
      if (outcome.block_channel) blocked.insert(c);
      if (!outcome.snapshot) continue;
      const std::uint64_t id = outcome.snapshot->barrier.id.value();
      REQUIRE(id > last);
      last = id;
      for (std::uint32_t k = 0; k < channels; ++k) REQUIRE(taken[k] == before[k].at(id));
    }
    for (std::uint32_t c = 0; c < channels; ++c) {  // a last barrier everywhere frees every channel
      if (aligner->on_barrier(channel(c), barrier(99), kNow).unblock_all) blocked.clear();
    }
    REQUIRE(blocked.empty());
  }
}

TEST_CASE("a channel that closes a cycle is not waited for, but recorded", "[aligner][iteration]") {
  auto aligner = Aligner::make(BarrierMode::aligned, {ChannelKind::plain, ChannelKind::feedback});
  SECTION("its barrier comes after the snapshot") {
    auto outcome = aligner->on_barrier(channel(0), barrier(1), kNow);
    REQUIRE(outcome.snapshot);
    CHECK(outcome.snapshot->barrier.mode == BarrierMode::aligned);
    CHECK(outcome.snapshot->overtaken == std::vector<ChannelIndex>{channel(1)});
    CHECK_FALSE(outcome.block_channel);
    CHECK_FALSE(outcome.recorded);
    outcome = aligner->on_announced(channel(1), barrier(1), kNow);
    CHECK(outcome.recorded == CheckpointId{1});
    CHECK(snapshot_of(aligner->on_barrier(channel(0), barrier(2), kNow)) == 2U);
  }
  SECTION("its barrier comes before: another subtask had its own earlier") {
    CHECK_FALSE(aligner->on_announced(channel(1), barrier(1), kNow).snapshot);
    CHECK(aligner->on_barrier(channel(1), barrier(1), kNow).block_channel);
    const auto outcome = aligner->on_barrier(channel(0), barrier(1), kNow);
    CHECK(snapshot_of(outcome) == 1U);
    CHECK(outcome.snapshot->overtaken.empty());
    CHECK(outcome.unblock_all);
  }
  SECTION("its barrier waits behind records") {
    aligner->on_announced(channel(1), barrier(1), kNow);
    const auto outcome = aligner->on_barrier(channel(0), barrier(1), kNow);
    CHECK(outcome.snapshot->overtaken == std::vector<ChannelIndex>{channel(1)});
    CHECK(outcome.recorded == CheckpointId{1});
  }
  SECTION("a drain leaves nothing that goes round") {
    Barrier drain = barrier(1);
    drain.kind = CheckpointKind::drain;
    const auto outcome = aligner->on_barrier(channel(0), drain, kNow);
    CHECK(outcome.snapshot->overtaken.empty());
    CHECK_FALSE(outcome.recorded);
    CHECK(aligner->on_announced(channel(1), drain, kNow) == AlignerOutcome{});
    CHECK(aligner->on_barrier(channel(1), drain, kNow) == AlignerOutcome{});
  }
  SECTION("the recording is given up with its checkpoint") {
    aligner->on_barrier(channel(0), barrier(1), kNow);
    CHECK(aligner->on_aborted(CheckpointId{1}).cancelled == CheckpointId{1});
    CHECK(aligner->on_announced(channel(1), barrier(1), kNow) == AlignerOutcome{});
  }
}
