// Windows of records that are as far from 1970 as a time can be.
#include "test/operators/clicks.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace weir;
using test::at;
using test::Click;
using test::Lines;
using Bounds = Windowed<int, std::int64_t>;

namespace {

constexpr Timestamp kBegin = Timestamp::min();
constexpr Timestamp kEnd = Timestamp::max();

/// What a time is behind the last multiple of a length.
std::chrono::milliseconds behind_multiple(Timestamp time, std::chrono::milliseconds length) {
  const auto since = time.time_since_epoch() % length;
  return since < since.zero() ? since + length : since;
}

/// Counts of windows by page.
template <class Windows>
auto counts(const Windows& windows, Duration lateness = {}) {
  return testing::harness<Click>([&](const Stream<Click>& clicks) {
    return clicks.key_by(&Click::page).window(windows).allowed_lateness(lateness).count("windows");
  });
}

/// How many windows of one size have this time in them, looked for one by one.
std::size_t windows_around(Timestamp time, const TimeWindows& windows) {
  const auto offset = behind_multiple(Timestamp{windows.offset}, windows.slide);
  std::size_t found = 0;
  for (Timestamp start = time - windows.size + 1ms; start <= time; start += 1ms)
    found += behind_multiple(start, windows.slide) == offset ? 1 : 0;
  return found;
}

/// Requires that a record of that time is counted in all windows around it, and nowhere else.
void require_exact(Timestamp time, const TimeWindows& windows, Duration lateness) {
  auto harness = counts(windows, lateness);
  harness.push({1, 1}, time);
  harness.watermark(kEnd - 1ms);  // the last one that a strategy can claim
  harness.end();
  const auto results = harness.drain_timed();
  REQUIRE(results.size() == windows_around(time, windows));
  for (const auto& [count, result_time] : results) {
    REQUIRE(count.window.start <= time);
    REQUIRE(time < count.window.end);
    REQUIRE(count.window.end - count.window.start == windows.size);
    REQUIRE(result_time == count.window.last());
  }
}

const std::vector<TimeWindows> kGrids{tumbling(10ms),           tumbling(10ms, 7ms),
                                      tumbling(10ms, -7ms),     sliding(10ms, 5ms),
                                      sliding(10ms, 4ms, -3ms), sliding(9ms, 5ms),
                                      sliding(2ms, 10ms, -8ms), sliding(2ms, 10ms, 8ms)};

}  // namespace

TEST_CASE("windows begin and end as close to the ends of time as is allowed",
          "[windows][far_times]") {
  for (const TimeWindows& windows : kGrids) {
    for (const Duration lateness :
         {Duration{}, Duration{4ms}, Duration{20ms}, Duration{24h * 10'000}}) {
      CAPTURE(windows.size.count(), windows.slide.count(), windows.offset.count());
      const auto reach = windows.size + 2 * windows.slide;
      for (auto distance = reach; distance < reach + 25ms; distance += 1ms) {
        CAPTURE(distance.count());
        require_exact(kBegin + distance, windows, lateness);
        require_exact(kEnd - distance, windows, lateness);
      }
      auto early = counts(windows, lateness);
      CHECK_THROWS_WITH(early.push({1, 1}, kBegin + reach - 1ms),
                        Catch::Contains("no window around it begins and ends"));
      auto far = counts(windows, lateness);
      CHECK_THROWS_WITH(far.push({1, 1}, kEnd - reach + 1ms),
                        Catch::Contains("no window around it begins and ends"));
    }
  }
}

TEST_CASE("a lateness beyond the end of time never ends", "[windows][far_times]") {
  for (const TimeWindows& windows : kGrids) {
    CAPTURE(windows.size.count(), windows.slide.count(), windows.offset.count());
    auto late = counts(windows, 24h);
    late.watermark(kEnd - 1ms);
    std::size_t expected = 0;
    for (auto distance = windows.size + 2 * windows.slide; distance < 60ms; distance += 1ms) {
      late.push({1, 1}, kEnd - distance);
      expected += windows_around(kEnd - distance, windows);
    }
    CHECK(late.drain().size() == expected);  // each record makes each of its windows at once
    CHECK(late.side<Click>("late").empty());
    late.end();
    CHECK(late.drain().empty());
  }
}

TEST_CASE("a session may last until the end of time", "[windows][sessions][far_times]") {
  auto last = test::lines(session(10ms), 24h);
  last.push({1, 1}, kEnd - 15ms);
  last.push({1, 2}, kEnd - 10ms);
  last.watermark(kEnd - 2ms);
  CHECK(last.drain().empty());
  last.watermark(kEnd - 1ms);
  auto results = last.drain_timed();
  REQUIRE(results.size() == 1);
  CHECK(results[0].record.ends_with("807): 1 2"));  // the greatest time there is ends so
  CHECK(results[0].time == kEnd - 1ms);
  last.push({1, 3}, kEnd - 20ms);  // late, and within the lateness
  CHECK(last.drain().size() == 1);
  CHECK_THROWS_WITH(last.push({1, 4}, kEnd - 9ms), Catch::Contains("would not end"));

  auto first = test::lines(session(10ms));
  first.push({1, 1}, kBegin + 1ms);
  first.push({1, 2}, kBegin + 11ms);
  first.watermark(kBegin + 20ms);
  results = first.drain_timed();
  REQUIRE(results.size() == 1);
  CHECK(results[0].time == kBegin + 20ms);
}

TEST_CASE("a trigger that fires again and again knows the ends of time",
          "[windows][triggers][far_times]") {
  const auto fired = [](const auto& windows, Duration interval, Timestamp time) {
    auto harness = testing::harness<Click>([&](const Stream<Click>& clicks) {
      return clicks.key_by(&Click::page)
          .window(windows)
          .trigger(trigger::every(interval))
          .count("windows");
    });
    harness.push({1, 1}, time);
    harness.watermark(kEnd - 1ms);
    harness.end();
    return harness.drain().size();
  };
  for (const Timestamp time : {kBegin + 30ms, kEnd - 31ms}) {
    CHECK(fired(tumbling(10ms), 24h * 10'000, time) == 1);  // at the end of its window
    CHECK(fired(session(10ms), 24h * 10'000, time) == 1);
    CHECK(fired(global(), 24h * 100'000, time) >= 1);
  }
  const Timestamp in_last_window = kEnd - behind_multiple(kEnd, 10ms) - 25ms;
  CHECK(fired(tumbling(10ms), 2ms, in_last_window) == 2);  // at 6, with 8, and at 9 of its ten
}

TEST_CASE("what is recent is known at the beginning of time", "[windows][evictors][far_times]") {
  auto windows = testing::harness<Click>([](const Stream<Click>& clicks) {
    return clicks.key_by(&Click::page)
        .window(global())
        .trigger(trigger::at_end())
        .evictor(evictor::recent(20ms))
        .count("windows");
  });
  windows.push({1, 1}, kBegin + 1ms);
  windows.push({1, 2}, kBegin + 10ms);
  windows.push({2, 1}, kBegin + 1ms);
  windows.push({2, 2}, kBegin + 21ms);
  windows.end();
  std::vector<Bounds> results = windows.drain();
  REQUIRE(results.size() == 2);
  std::sort(results.begin(), results.end(),
            [](const Bounds& a, const Bounds& b) { return a.key < b.key; });
  CHECK(results[0].value == 2);
  CHECK(results[1].value == 1);
}
