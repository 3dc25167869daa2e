// Tumbling and sliding windows: when they make their results, of what, and what is late.
#include "runtime/graph/validate.hpp"
#include "test/operators/clicks.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace weir;
using test::at;
using test::Click;
using test::Lines;
using Bounds = Windowed<int, std::int64_t>;

TEST_CASE("a window makes its result when its last millisecond has passed, with that as its time",
          "[windows]") {
  auto windows = test::lines(tumbling(10ms));
  windows.push({1, 1}, at(5));
  windows.push({1, 2}, at(9));
  windows.push({1, 3}, at(10));
  windows.watermark(at(8));
  CHECK(windows.drain().empty());
  windows.watermark(at(9));
  const auto results = windows.drain_timed();
  REQUIRE(results.size() == 1);
  CHECK(results[0].record == "1 [0,10): 1 2");
  CHECK(results[0].time == at(9));
  windows.watermark(at(18));
  CHECK(windows.drain().empty());
  windows.end();
  CHECK(windows.drain() == Lines{"1 [10,20): 3"});
}

TEST_CASE("times before 1970 are in windows like all others", "[windows]") {
  auto windows = test::lines(tumbling(10ms, 5ms));
  windows.push({1, 1}, at(-1));
  windows.push({1, 2}, at(-6));
  windows.watermark(at(4));
  CHECK(windows.drain() == Lines{"1 [-15,-5): 2", "1 [-5,5): 1"});
}

TEST_CASE("each key has windows of its own", "[windows]") {
  auto windows = test::lines(tumbling(10ms));
  windows.push({1, 1}, at(1));
  windows.push({2, 2}, at(2));
  windows.push({1, 3}, at(3));
  windows.watermark(at(9));
  Lines lines = windows.drain();
  std::sort(lines.begin(), lines.end());
  CHECK(lines == Lines{"1 [0,10): 1 3", "2 [0,10): 2"});
}

TEST_CASE("a record is in all sliding windows around it", "[windows]") {
  auto windows = test::lines(sliding(10ms, 5ms));
  windows.push({1, 1}, at(3));
  windows.push({1, 2}, at(12));
  windows.watermark(at(100));
  CHECK(windows.drain() == Lines{"1 [-5,5): 1", "1 [0,10): 1", "1 [5,15): 2", "1 [10,20): 2"});
}

TEST_CASE("windows that lie apart leave out what is between them", "[windows]") {
  auto windows = test::lines(sliding(2ms, 10ms));
  windows.push({1, 1}, at(1));
  windows.push({1, 2}, at(5));
  windows.push({1, 3}, at(10));
  windows.watermark(at(100));
  CHECK(windows.drain() == Lines{"1 [0,2): 1", "1 [10,12): 3"});
}

TEST_CASE("what comes when its window has ended is late", "[windows]") {
  auto windows = test::lines(tumbling(10ms));
  windows.watermark(at(9));
  windows.push({1, 1}, at(9));
  windows.push({1, 2}, at(10));
  CHECK(windows.side<Click>("late") == std::vector<Click>{{1, 1}});
  windows.watermark(at(19));
  CHECK(windows.drain() == Lines{"1 [10,20): 2"});
}

TEST_CASE("a late record still counts in sliding windows that have not ended", "[windows]") {
  auto windows = test::lines(sliding(10ms, 5ms));
  windows.push({1, 1}, at(3));
  windows.watermark(at(4));
  CHECK(windows.drain() == Lines{"1 [-5,5): 1"});
  windows.push({1, 2}, at(2));
  CHECK(windows.side<Click>("late").empty());
  windows.watermark(at(9));
  CHECK(windows.drain() == Lines{"1 [0,10): 1 2"});
  windows.push({1, 3}, at(4));
  CHECK(windows.side<Click>("late") == std::vector<Click>{{1, 3}});
}

TEST_CASE("within the lateness a late record makes the result once more", "[windows]") {
  auto windows = test::lines(tumbling(10ms), 5ms);
  windows.push({1, 1}, at(1));
  windows.watermark(at(9));
  CHECK(windows.drain() == Lines{"1 [0,10): 1"});
  windows.push({1, 2}, at(2));
  const auto again = windows.drain_timed();
  REQUIRE(again.size() == 1);
  CHECK(again[0].record == "1 [0,10): 1 2");
  CHECK(again[0].time == at(9));
  windows.watermark(at(13));
  windows.push({1, 3}, at(3));
  CHECK(windows.drain() == Lines{"1 [0,10): 1 2 3"});
  windows.watermark(at(14));  // it is over
  windows.push({1, 4}, at(4));
  CHECK(windows.drain().empty());
  CHECK(windows.side<Click>("late") == std::vector<Click>{{1, 4}});
  windows.end();
  CHECK(windows.drain().empty());
}

TEST_CASE("a late record may be the first of its window", "[windows]") {
  auto windows = test::lines(tumbling(10ms), 5ms);
  windows.watermark(at(12));
  windows.push({1, 1}, at(1));
  CHECK(windows.drain() == Lines{"1 [0,10): 1"});
  windows.watermark(at(100));
  CHECK(windows.drain().empty());
}

TEST_CASE("a late record makes each sliding window around it once more that has ended",
          "[windows]") {
  auto windows = test::lines(sliding(10ms, 5ms), 100ms);
  windows.push({1, 1}, at(7));
  windows.watermark(at(9));
  CHECK(windows.drain() == Lines{"1 [0,10): 1"});
  windows.push({1, 2}, at(3));
  CHECK(windows.drain() == Lines{"1 [-5,5): 2", "1 [0,10): 2 1"});
  windows.watermark(at(14));
  CHECK(windows.drain() == Lines{"1 [5,15): 1"});
}

TEST_CASE("windows count, reduce and aggregate", "[windows]") {
  const auto run = [](const auto& build) {
    auto windows = testing::harness<Click>(build);
    for (const int number : {3, 4, 5}) windows.push({1, number}, at(number));
    windows.watermark(at(9));
    return windows.drain();
  };
  CHECK(run([](const Stream<Click>& clicks) {
          return clicks.key_by(&Click::page).window(tumbling(10ms)).count("count");
        }) == std::vector<Windowed<int, std::int64_t>>{{1, {at(0), at(10)}, 3}});
  CHECK(run([](const Stream<Click>& clicks) {
          return clicks.key_by(&Click::page)
              .window(sliding(10ms, 5ms))
              .reduce("sum", [](const Click& a, const Click& b) {
                return Click{a.page, a.number + b.number};
              });
        }) == std::vector<Windowed<int, Click>>{{1, {at(-5), at(5)}, {1, 7}},
                                                {1, {at(0), at(10)}, {1, 12}}});
  CHECK(run([](const Stream<Click>& clicks) {
          return clicks.key_by(&Click::page)
              .window(tumbling(10ms))
              .aggregate(
                  "mean", std::pair<int, int>{},
                  [](std::pair<int, int>& sum, const Click& click) {
                    sum.first += click.number;
                    ++sum.second;
                  },
                  [](std::pair<int, int>& sum, const std::pair<int, int>& later) {
                    sum.first += later.first;
                    sum.second += later.second;
                  },
                  [](int page, const Window& window, const std::pair<int, int>& sum) {
                    return std::to_string(page) + " until " +
                           std::to_string(window.end.time_since_epoch().count()) + ": " +
                           std::to_string(sum.first / sum.second);
                  });
        }) == Lines{"1 until 10: 4"});
}

TEST_CASE("windows in processing time end by the wall clock, whatever times records have",
          "[windows]") {
  auto windows = test::lines(tumbling(10ms).in_processing_time());
  windows.processing_time(at(5));
  windows.push({1, 1});
  windows.push({1, 2}, at(500));
  windows.watermark(at(1000));
  windows.processing_time(at(9));
  CHECK(windows.drain().empty());
  windows.processing_time(at(10));
  CHECK(windows.drain() == Lines{"1 [0,10): 1 2"});
  windows.push({1, 3});
  windows.processing_time(at(3));  // the clock jumps back
  windows.push({1, 4});
  windows.processing_time(at(30));
  CHECK(windows.drain() == Lines{"1 [0,10): 4", "1 [10,20): 3"});
  windows.push({1, 5});
  windows.end();
  CHECK(windows.drain().empty());
}

TEST_CASE("sliding windows in processing time bear a clock that jumps back", "[windows]") {
  auto windows = test::lines(sliding(10ms, 5ms).in_processing_time());
  windows.processing_time(at(7));
  windows.push({1, 1});
  windows.processing_time(at(12));
  windows.push({1, 2});
  CHECK(windows.drain() == Lines{"1 [0,10): 1"});
  windows.processing_time(at(3));
  windows.push({1, 3});
  windows.processing_time(at(40));
  CHECK(windows.drain() == Lines{"1 [-5,5): 3", "1 [0,10): 3 1", "1 [5,15): 1 2", "1 [10,20): 2"});
}

TEST_CASE("a record without a time, or with one that cannot be, fails by name", "[windows]") {
  auto windows = test::lines(tumbling(10ms));
  CHECK_THROWS_WITH(windows.push({1, 1}), Catch::Contains("a record has no time"));
  auto far = test::lines(tumbling(10ms));
  CHECK_THROWS_WITH(far.push({1, 1}, Timestamp::max() - 5ms),
                    Catch::Contains("no window around it begins and ends"));
  CHECK_THROWS_AS(test::lines(tumbling(1ms), -1ms), std::invalid_argument);
}

namespace {

std::string problems_of(bool is_timed, TimeWindows windows) {
  Job job{"clicks"};
  const testing::ReplayLog<Click> input{{}};
  auto clicks = job.source("clicks", input.source());
  if (is_timed) {
    clicks = clicks.event_time([](const Click& click) { return at(click.number); }, monotonic());
  }
  clicks.filter("some", [](const Click&) { return true; })
      .key_by(&Click::page)
      .window(windows)
      .late("late", testing::TransactionLog<Click>{}.sink())
      .count("per-page")
      .sink("out", testing::TransactionLog<Bounds>{}.sink());
  return runtime::format_problems("clicks", runtime::validate(*job.graph()));
}

}  // namespace

TEST_CASE("windows in event time need a stream that has it", "[windows]") {
  CHECK_THAT(problems_of(false, tumbling(1s)),
             Catch::Contains("operator \"per-page\": its windows are in event time, and not all of "
                             "its input has that; put event_time(...)"));
  CHECK(problems_of(true, tumbling(1s)) == "job \"clicks\" cannot start:");
  CHECK(problems_of(false, tumbling(1s).in_processing_time()) == "job \"clicks\" cannot start:");
}
