// What the watermarks of several channels come to.
#include "runtime/task/input_time.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <vector>

using namespace weir;
using detail::Watermark;
using runtime::InputTime;

namespace {

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

std::optional<Watermark> now(std::int64_t ms, bool is_idle = false) {
  return Watermark{at(ms), is_idle};
}

ChannelIndex channel(std::uint32_t i) {
  return ChannelIndex{i};
}

constexpr auto kNothing = std::nullopt;

}  // namespace

TEST_CASE("event time is the least of all channels", "[event_time]") {
  InputTime time{2};
  CHECK(time.on_watermark(channel(0), {at(10)}) == kNothing);
  CHECK(time.on_watermark(channel(1), {at(7)}) == now(7));
  CHECK(time.on_watermark(channel(1), {at(20)}) == now(10));
  CHECK(time.on_watermark(channel(1), {at(30)}) == kNothing);
  CHECK(time.on_watermark(channel(0), {at(25)}) == now(25));
}

TEST_CASE("a watermark never goes back", "[event_time]") {
  InputTime time{1};
  CHECK(time.on_watermark(channel(0), {at(10)}) == now(10));
  CHECK(time.on_watermark(channel(0), {at(5)}) == kNothing);
  CHECK(time.on_watermark(channel(0), {at(11)}) == now(11));
}

TEST_CASE("nobody waits for an idle channel, or one that has ended", "[event_time]") {
  InputTime time{3};
  time.on_watermark(channel(0), {at(10)});
  time.on_watermark(channel(1), {at(20)});
  CHECK(time.on_watermark(channel(2), {at(0), true}) == now(10));
  CHECK(time.on_end(channel(0)) == now(20));
  CHECK(time.on_end(channel(1)) == now(20, true));
  CHECK(time.on_end(channel(2)) == kNothing);  // the end of the input is more than a watermark
}

TEST_CASE("when all are idle the latest counts, whoever was last", "[event_time]") {
  for (const std::uint32_t first : {0U, 1U}) {
    InputTime time{2};
    time.on_watermark(channel(0), {at(10)});
    time.on_watermark(channel(1), {at(20)});
    const Timestamp own[] = {at(10), at(20)};
    time.on_watermark(channel(first), {own[first], true});
    CHECK(time.on_watermark(channel(1 - first), {own[1 - first], true}) == now(20, true));
  }
}

TEST_CASE("a channel that wakes up behind the others is not waited for before it has caught up",
          "[event_time]") {
  InputTime time{2};
  time.on_watermark(channel(0), {at(10)});
  CHECK(time.on_watermark(channel(1), {at(5), true}) == now(10));
  CHECK(time.on_watermark(channel(1), {at(6)}) == kNothing);
  CHECK(time.on_watermark(channel(0), {at(15)}) == now(15));
  CHECK(time.on_watermark(channel(1), {at(16)}) == kNothing);  // from now on it counts
  CHECK(time.on_watermark(channel(0), {at(30)}) == now(16));
}

TEST_CASE("what wakes up after all were idle says so at once", "[event_time]") {
  InputTime time{2};
  time.on_watermark(channel(0), {at(10)});
  time.on_watermark(channel(1), {at(10)});
  time.on_watermark(channel(0), {at(10), true});
  CHECK(time.on_watermark(channel(1), {at(10), true}) == now(10, true));
  CHECK(time.on_watermark(channel(1), {at(10), false}) == now(10));
}

TEST_CASE("a channel that is fed back does not count", "[event_time]") {
  InputTime time{2};
  time.set_feedback(channel(1));
  CHECK(time.on_watermark(channel(0), {at(10)}) == now(10));
  CHECK(time.on_watermark(channel(1), {at(1)}) == kNothing);
}

TEST_CASE("random watermarks: time never goes back, and passes no channel that is waited for",
          "[event_time]") {
  struct Channel {
    Watermark last;
    bool is_over = false;
    bool lags = false;  // it woke up, and has not caught up
  };
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    std::vector<Channel> channels(1 + random.below(4));
    InputTime time{channels.size()};
    Watermark last;
    for (int step = 0; step < 200; ++step) {
      const auto i = static_cast<std::uint32_t>(random.below(channels.size()));
      Channel& c = channels[i];
      std::optional<Watermark> next;
      if (random.chance(0.01)) {
        c.is_over = true;
        next = time.on_end(channel(i));
      } else if (!c.is_over) {
        const bool was_idle = c.last.is_idle;
        c.last.time = std::max(c.last.time, at(step + static_cast<int>(random.below(50))));
        c.last.is_idle = random.chance(0.2);
        c.lags = (c.lags || was_idle) && c.last.time < last.time;
        next = time.on_watermark(channel(i), c.last);
      }
      if (next) {
        REQUIRE(next->time >= last.time);
        REQUIRE_FALSE(*next == last);
        last = *next;
      }
      bool all_idle = true;
      for (const Channel& other : channels) {
        if (other.is_over || other.last.is_idle) continue;
        all_idle = false;
        if (!other.lags) REQUIRE(last.time <= other.last.time);
      }
      if (std::any_of(channels.begin(), channels.end(),
                      [](const Channel& x) { return !x.is_over; }))
        REQUIRE(last.is_idle == all_idle);
    }
  }
}
