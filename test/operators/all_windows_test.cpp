// Windows of a whole stream.
#include "runtime/graph/plan.hpp"
#include "test/operators/clicks.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using test::at;
using test::Click;

namespace {

constexpr Window kFirst{Timestamp{0ms}, Timestamp{10ms}};
constexpr Window kSecond{Timestamp{10ms}, Timestamp{20ms}};

/// Hands clicks of two pages to windows of 10 ms, and returns what they make.
template <class F>
auto results_of(const F& build, StateBackendType backend = StateBackendType::hashmap) {
  auto windows = testing::harness<Click>(
      [&](const Stream<Click>& clicks) { return build(clicks.window_all(tumbling(10ms))); },
      {.backend = backend});
  windows.push({1, 3}, at(1));
  windows.push({2, 4}, at(2));
  windows.push({2, 5}, at(12));
  windows.end();
  return windows.drain();
}

}  // namespace

TEST_CASE("windows of a whole stream take records of everybody", "[windows][window_all]") {
  for (const auto backend : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
    using Counts = std::vector<InWindow<std::int64_t>>;
    CHECK(results_of([](const auto& windows) { return windows.count("all"); }, backend) ==
          Counts{{kFirst, 2}, {kSecond, 1}});
    CHECK(results_of(
              [](const auto& windows) {
                return windows.aggregate(
                    "all", std::int64_t{0},
                    [](std::int64_t& sum, const Click& click) { sum += click.number; },
                    [](std::int64_t& sum, std::int64_t later) { sum += later; },
                    [](const Window& window, std::int64_t sum) {
                      return InWindow<std::int64_t>{window, sum};
                    });
              },
              backend) == Counts{{kFirst, 7}, {kSecond, 5}});
  }
  using Clicks = std::vector<InWindow<Click>>;
  CHECK(results_of([](const auto& windows) {
          return windows.reduce("all", [](const Click& a, const Click& b) {
            return Click{a.page + b.page, a.number + b.number};
          });
        }) == Clicks{{kFirst, {3, 7}}, {kSecond, {2, 5}}});
  CHECK(results_of([](const auto& windows) {
          return windows.process(
              "all", [](const Window& window, const std::vector<Click>& clicks,
                        Emit<std::string>& out) { out(test::line_of(0, window, clicks)); });
        }) == test::Lines{"0 [0,10): 3 4", "0 [10,20): 5"});
}

TEST_CASE("they have triggers, evictors, lateness and a side output like others",
          "[windows][window_all]") {
  auto windows = testing::harness<Click>([](const Stream<Click>& clicks) {
    return clicks.window_all(tumbling(10ms))
        .trigger(trigger::count(2))
        .evictor(evictor::last(1))
        .evict_after(evictor::last(1))
        .allowed_lateness(2ms)
        .process("all", [](const Window& window, const std::vector<Click>& in_it,
                           Emit<std::string>& out) { out(test::line_of(0, window, in_it)); });
  });
  windows.push({1, 1}, at(1));
  windows.push({2, 2}, at(1));
  windows.watermark(at(10));
  windows.push({3, 3}, at(1));
  windows.watermark(at(11));
  windows.push({4, 4}, at(1));
  CHECK(windows.drain() == test::Lines{"0 [0,10): 2"});
  CHECK(windows.side<Click>("late") == std::vector<Click>{{4, 4}});
}

TEST_CASE("one subtask has all windows of a stream", "[windows][window_all]") {
  Job job{"clicks", {.parallelism = 4}};
  const testing::TransactionLog<Click> late;
  job.source("clicks", testing::ReplayLog<Click>{{}}.source())
      .event_time([](const Click& click) { return at(click.number); }, monotonic())
      .window_all(tumbling(10ms))
      .late("late", late.sink())
      .count("all")
      .sink("out", testing::TransactionLog<InWindow<std::int64_t>>{}.sink());
  const auto plan = runtime::Plan::build(job.graph(), 128);
  CHECK(plan.find("all/0"));
  CHECK_FALSE(plan.find("all/1"));
}
