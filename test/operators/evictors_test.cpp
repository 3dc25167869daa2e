// Evictors: which records of a window count.
#include "test/operators/clicks.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace weir;
using test::at;
using test::Click;
using test::Lines;

namespace {

template <class F>
auto harness_of(const F& windows) {
  return testing::harness<Click>([&](const Stream<Click>& clicks) {
    return windows(clicks.key_by(&Click::page)).process("windows", test::write_line);
  });
}

/// Of one's own: no number twice.
struct Distinct {
  void evict(std::vector<Stamped<Click>>& records, const Window&) const {
    for (auto at = records.begin(); at != records.end();) {
      const bool is_known = std::any_of(records.begin(), at, [&](const Stamped<Click>& before) {
        return before.record == at->record;
      });
      at = is_known ? records.erase(at) : at + 1;
    }
  }
};

/// Takes it that there is a first one.
struct FirstAlone {
  void evict(std::vector<Stamped<Click>>& records, const Window&) const {
    if (records.at(0).record.number > 0) records.clear();
  }
};

}  // namespace

TEST_CASE("of a window only the last records count", "[windows][evictors]") {
  auto windows = harness_of(
      [](const auto& clicks) { return clicks.window(tumbling(10ms)).evictor(evictor::last(2)); });
  for (int n = 1; n <= 4; ++n) windows.push({1, n}, at(n));
  windows.push({2, 5}, at(5));
  windows.end();
  Lines lines = windows.drain();
  std::sort(lines.begin(), lines.end());
  CHECK(lines == Lines{"1 [0,10): 3 4", "2 [0,10): 5"});
  CHECK_THROWS_AS(evictor::last(0), std::invalid_argument);
}

TEST_CASE("an evictor is called for records alone", "[windows][evictors]") {
  auto windows = harness_of([](const auto& clicks) {
    return clicks.window(tumbling(100ms)).trigger(trigger::every(10ms)).evict_after(FirstAlone{});
  });
  windows.push({1, 1}, at(1));
  windows.watermark(at(10));
  CHECK(windows.drain() == Lines{"1 [0,100): 1"});
  windows.end();  // there is nothing left of it
  CHECK(windows.drain().empty());
}

TEST_CASE("what is thrown out does not come back", "[windows][evictors]") {
  auto windows = harness_of([](const auto& clicks) {
    return clicks.window(tumbling(10ms)).trigger(trigger::count(2)).evictor(evictor::last(3));
  });
  for (int n = 1; n <= 6; ++n) windows.push({1, n}, at(1));
  CHECK(windows.drain() == Lines{"1 [0,10): 1 2", "1 [0,10): 2 3 4", "1 [0,10): 4 5 6"});
}

TEST_CASE("of a window only what is recent counts", "[windows][evictors]") {
  auto windows = harness_of([](const auto& clicks) {
    return clicks.window(tumbling(100ms)).evictor(evictor::recent(10ms));
  });
  windows.push({1, 1}, at(80));
  windows.push({1, 2}, at(95));
  windows.push({1, 3}, at(85));
  windows.push({1, 4}, at(86));
  windows.end();
  CHECK(windows.drain() == Lines{"1 [0,100): 2 4"});
  CHECK_THROWS_AS(evictor::recent(0ms), std::invalid_argument);
}

TEST_CASE("records without a time are always recent", "[windows][evictors]") {
  auto windows = harness_of([](const auto& clicks) {
    return clicks.window(global()).trigger(trigger::count(3)).evictor(evictor::recent(10ms));
  });
  windows.push({1, 1});
  windows.push({1, 2}, at(0));
  windows.push({1, 3}, at(50));
  const Lines lines = windows.drain();
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Catch::EndsWith(": 1 3"));
}

TEST_CASE("of a window only what is near the last record counts", "[windows][evictors]") {
  auto windows = harness_of([](const auto& clicks) {
    return clicks.window(tumbling(10ms))
        .evictor(evictor::near(3, [](const Click& a, const Click& b) {
          return std::abs(static_cast<double>(a.number - b.number));
        }));
  });
  for (const int n : {1, 9, 4, 3}) windows.push({1, n}, at(1));
  windows.end();
  CHECK(windows.drain() == Lines{"1 [0,10): 1 4 3"});
}

TEST_CASE("an evictor behind the result lets the next one do without", "[windows][evictors]") {
  auto windows = harness_of([](const auto& clicks) {
    return clicks.window(tumbling(10ms)).trigger(trigger::count(2)).evict_after(evictor::last(1));
  });
  for (int n = 1; n <= 4; ++n) windows.push({1, n}, at(1));
  CHECK(windows.drain() == Lines{"1 [0,10): 1 2", "1 [0,10): 2 3 4"});
}

TEST_CASE("an evictor of one's own, in sessions that merge", "[windows][evictors][sessions]") {
  auto windows = harness_of(
      [](const auto& clicks) { return clicks.window(session(5ms)).evictor(Distinct{}); });
  windows.push({1, 1}, at(1));
  windows.push({1, 2}, at(10));
  windows.push({1, 1}, at(5));
  windows.end();
  CHECK(windows.drain() == Lines{"1 [1,15): 1 2"});
}

TEST_CASE("a window of which nothing is left makes no result", "[windows][evictors]") {
  struct Nothing {
    void evict(std::vector<Stamped<Click>>& records, const Window&) const { records.clear(); }
  };
  auto windows = harness_of(
      [](const auto& clicks) { return clicks.window(tumbling(10ms)).evictor(Nothing{}); });
  windows.push({1, 1}, at(1));
  windows.end();
  CHECK(windows.drain().empty());
}
