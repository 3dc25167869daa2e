// The failure detector on a clock that the test moves: who is lost, and when; what delays of the
// peers and of the monitor itself change about it.
#include "runtime/cluster/heartbeat_monitor.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using runtime::HeartbeatMonitor;

namespace {

const WorkerId kPeer{1};
const WorkerId kOther{2};
using Lost = std::vector<WorkerId>;

/// Ticks whenever the monitor asks for it, up to `until`. Returns when each peer was lost.
std::map<WorkerId, Duration> tick_until(HeartbeatMonitor& monitor, Duration until) {
  std::map<WorkerId, Duration> lost;
  while (const auto wake = monitor.next_wake()) {
    if (*wake > until) break;
    for (const WorkerId peer : monitor.on_tick(*wake)) lost[peer] = *wake;
  }
  return lost;
}

/// Heartbeats at the given times, with punctual ticks between them.
void hear_at(HeartbeatMonitor& monitor, const std::vector<Duration>& times) {
  for (const Duration at : times) {
    REQUIRE(tick_until(monitor, at).empty());
    monitor.on_heard(kPeer, at);
  }
}

}  // namespace

TEST_CASE("a peer that falls silent is lost exactly after the timeout", "[cluster]") {
  HeartbeatMonitor monitor{{.interval = 500ms, .timeout = 3s}};
  monitor.watch(kPeer, 0s);
  hear_at(monitor, {500ms, 1000ms, 1500ms});
  const auto lost = tick_until(monitor, 60s);
  CHECK(lost.at(kPeer) == 4500ms);
  CHECK_FALSE(monitor.is_watching(kPeer));
  CHECK_FALSE(monitor.next_wake());
}

TEST_CASE("a peer that is never heard counts from when it is watched", "[cluster]") {
  HeartbeatMonitor monitor{{}};
  monitor.watch(kPeer, 10s);
  CHECK(monitor.next_wake() == 10500ms);
  CHECK(tick_until(monitor, 60s).at(kPeer) == 13s);
}

TEST_CASE("strangers and forgotten peers are neither heard nor lost", "[cluster]") {
  HeartbeatMonitor monitor{{}};
  monitor.on_heard(kPeer, 0s);
  CHECK_FALSE(monitor.is_watching(kPeer));
  monitor.watch(kPeer, 0s);
  monitor.watch(kOther, 0s);
  monitor.forget(kPeer);
  monitor.on_heard(kPeer, 1s);
  const auto lost = tick_until(monitor, 60s);
  CHECK(lost.size() == 1);
  CHECK(lost.contains(kOther));
  CHECK(monitor.on_tick(61s).empty());
}

TEST_CASE("any message within an interval keeps a peer, and ticks may come at any time",
          "[cluster]") {
  HeartbeatMonitor monitor{{.interval = 500ms, .timeout = 3s}};
  monitor.watch(kPeer, 0s);
  for (Duration now = 0s; now < 20s; now += 7ms) {
    monitor.on_heard(kPeer, now);
    CHECK(monitor.on_tick(now).empty());
  }
  CHECK(monitor.limit(kPeer) == 3s);
}

TEST_CASE("whatever is read of a peer keeps it while its heartbeats are held up", "[cluster]") {
  HeartbeatMonitor monitor{{.interval = 500ms, .timeout = 3s}};
  monitor.watch(kPeer, 0s);
  Duration read{};
  for (Duration now = 500ms; now <= 20s; now += 500ms) {
    read = now - 100ms;
    monitor.on_sign(kPeer, read);
    CHECK(monitor.on_tick(now).empty());
  }
  CHECK(monitor.limit(kPeer) == 3s);
  CHECK(monitor.silence(kPeer, 20s) == 100ms);
  monitor.on_sign(kPeer, 1s);  // older than what was heard since
  CHECK(monitor.silence(kPeer, 20s) == 100ms);
  const auto lost = tick_until(monitor, 60s);
  CHECK(lost.at(kPeer) == read + 3s);
  monitor.on_sign(kPeer, 61s);
  CHECK_FALSE(monitor.is_watching(kPeer));
}

TEST_CASE("heartbeats that come late widen the limit, up to three times the timeout", "[cluster]") {
  HeartbeatMonitor monitor{{.interval = 500ms, .timeout = 3s}};
  monitor.watch(kPeer, 0s);
  hear_at(monitor, {500ms, 1000ms, 1500ms, 2000ms});
  CHECK(monitor.limit(kPeer) == 3s);
  hear_at(monitor, {4300ms});  // 1.8 s late
  CHECK(monitor.limit(kPeer) == 3s + 225ms + 1800ms);
  hear_at(monitor, {4301ms, 4302ms});  // those that it held up say nothing
  CHECK(monitor.limit(kPeer) == 3s + 225ms + 1800ms);
  const auto lost = tick_until(monitor, 60s);
  CHECK(lost.at(kPeer) == 4302ms + 5025ms);

  HeartbeatMonitor unsteady{{.interval = 500ms, .timeout = 3s}};
  unsteady.watch(kPeer, 0s);
  Duration now = 0s;
  for (int i = 0; i < 40; ++i) {
    now += i % 2 == 0 ? 2900ms : 500ms;
    hear_at(unsteady, {now});
    CHECK(unsteady.limit(kPeer) >= 3s);
    CHECK(unsteady.limit(kPeer) <= 9s);
  }
  CHECK(unsteady.limit(kPeer) > 6s);
}

TEST_CASE("a margin is bounded, and shrinks once heartbeats are on time again", "[cluster]") {
  HeartbeatMonitor monitor{{.interval = 100ms, .timeout = 1s}};
  monitor.watch(kPeer, 0s);
  Duration now = 0s;
  for (int i = 0; i < 10; ++i) hear_at(monitor, {now += (i % 2 == 0 ? 990ms : 100ms)});
  now += 2500ms;  // allowed by now
  hear_at(monitor, {now});
  CHECK(monitor.limit(kPeer) == 3s);
  for (int i = 0; i < 100; ++i) hear_at(monitor, {now += 100ms});
  CHECK(monitor.limit(kPeer) < 1001ms);
  CHECK(monitor.limit(kPeer) >= 1s);
}

TEST_CASE("whoever was frozen itself declares nobody lost when it wakes", "[cluster]") {
  HeartbeatMonitor monitor{{.interval = 500ms, .timeout = 3s}};
  monitor.watch(kPeer, 0s);
  monitor.watch(kOther, 0s);
  REQUIRE(tick_until(monitor, 2900ms).empty());
  CHECK(monitor.next_wake() == 3s);
  CHECK(monitor.on_tick(20s).empty());  // frozen for 17 s, at the worst moment
  CHECK(monitor.silence(kPeer, 20s) == 3s);
  monitor.on_heard(kPeer, 20010ms);
  CHECK(monitor.limit(kPeer) > 5s);  // it was late all the same: 2.5 s of this the monitor ran
  const auto lost = tick_until(monitor, 60s);
  CHECK(lost.at(kOther) == 23s);  // a while to be heard, once
  CHECK(lost.at(kPeer) > 25s);
}

TEST_CASE("what the monitor slept through is no lateness of the peer", "[cluster]") {
  for (const bool tick_first : {true, false}) {
    CAPTURE(tick_first);
    HeartbeatMonitor monitor{{.interval = 500ms, .timeout = 3s}};
    monitor.watch(kPeer, 0s);
    hear_at(monitor, {500ms, 1000ms});
    CHECK(tick_until(monitor, 1000ms).empty());
    CHECK(monitor.next_wake() == 1500ms);
    if (tick_first) CHECK(monitor.on_tick(31500ms).empty());
    monitor.on_heard(kPeer, 31500ms);
    if (!tick_first) CHECK(monitor.on_tick(31500ms).empty());
    CHECK(monitor.limit(kPeer) == 3s);
    CHECK(monitor.silence(kPeer, 31600ms) == 100ms);
    CHECK(tick_until(monitor, 60s).at(kPeer) == 34500ms);
  }
}

TEST_CASE("a tick that is a little late extends deadlines by as much", "[cluster]") {
  HeartbeatMonitor monitor{{.interval = 500ms, .timeout = 3s}};
  monitor.watch(kPeer, 0s);
  CHECK(monitor.on_tick(700ms).empty());  // 200 ms late
  CHECK(tick_until(monitor, 3199ms).empty());
  CHECK(monitor.next_wake() == 3200ms);
  CHECK(monitor.on_tick(3300ms) == Lost{kPeer});  // late by less than a heartbeat
}

TEST_CASE("a monitor that is always late still finds the dead", "[cluster]") {
  for (const Duration late : {1ms, 400ms, 501ms, 2000ms, 10000ms}) {
    CAPTURE(late.count());
    HeartbeatMonitor monitor{{.interval = 500ms, .timeout = 3s}};
    monitor.watch(kPeer, 0s);
    int ticks = 0;
    Duration now{};
    while (const auto wake = monitor.next_wake()) {
      now = *wake + late;
      (void)monitor.on_tick(now);
      REQUIRE(++ticks <= 20);
    }
    CHECK(now >= 3s);
  }
}

// A monitor that is frozen at random, peers that are alive, slow at random, or die. Heartbeats wait
// while the monitor is frozen and are handled within 200 ms of its waking, in any order with ticks.
TEST_CASE("random freezes and delays lose no living peer and miss no dead one", "[cluster]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const auto ms = [&](std::uint64_t below) {
      return std::chrono::milliseconds{static_cast<std::int64_t>(random.below(below))};
    };
    HeartbeatMonitor monitor{{.interval = 500ms, .timeout = 3s}};
    constexpr std::uint64_t kPeers = 4;
    std::multimap<Duration, WorkerId> heartbeats;  // by arrival
    std::map<WorkerId, Duration> died_at;
    for (std::uint64_t i = 1; i <= kPeers; ++i) {
      const WorkerId peer{i};
      monitor.watch(peer, 0s);
      if (random.chance(0.5)) died_at[peer] = 10s + ms(30'000);
      const bool is_slow = random.chance(0.5);
      Duration last{};
      for (Duration at = ms(500); at < (died_at.contains(peer) ? died_at[peer] : 120s);
           at += 500ms) {
        last = std::max(last, at + (is_slow ? ms(2'000) : ms(50)));  // in order
        heartbeats.emplace(last, peer);
      }
    }
    Duration now{};
    Duration frozen{};  // in all
    while (now < 100s) {
      if (random.chance(0.01)) {
        const Duration freeze = ms(20'000);
        now += freeze;
        frozen += freeze;
      }
      now += ms(100);
      std::vector<WorkerId> lost;
      if (monitor.next_wake() && *monitor.next_wake() <= now) lost = monitor.on_tick(now);
      for (const WorkerId peer : lost) {
        REQUIRE(died_at.contains(peer));
        CHECK(now >= died_at[peer] + 2500ms);
      }
      const Duration handled = now;
      while (!heartbeats.empty() && heartbeats.begin()->first <= handled) {
        monitor.on_heard(heartbeats.begin()->second, now);
        heartbeats.erase(heartbeats.begin());
        now += ms(5);
      }
    }
    const Duration end = now;
    for (const auto& [peer, died] : died_at) {
      if (died + 9s + 2s + 2 * frozen < end) CHECK_FALSE(monitor.is_watching(peer));
    }
    for (std::uint64_t i = 1; i <= kPeers; ++i) {
      if (!died_at.contains(WorkerId{i})) CHECK(monitor.is_watching(WorkerId{i}));
    }
  }
}
