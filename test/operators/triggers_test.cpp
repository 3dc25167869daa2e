// Triggers: windows that make their results when they are told to.
#include "test/operators/clicks.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace weir;
using test::at;
using test::Click;
using test::Lines;

namespace {

/// Windows by page with a trigger, with all their clicks as a line. Records have the numbers that
/// a test gives them.
template <class Windows, class G>
auto triggered(const Windows& windows, const G& trigger, Duration lateness = {},
               testing::HarnessOptions options = {}) {
  return testing::harness<Click>(
      [&](const Stream<Click>& clicks) {
        return clicks.key_by(&Click::page)
            .window(windows)
            .trigger(trigger)
            .allowed_lateness(lateness)
            .process("windows", test::write_line);
      },
      options);
}

/// Fires when a click has a negative number, which it counts; asks for calls at times that are its
/// number's.
struct OnDemand {
  struct State {
    int demands = 0;
  };
  using Ctx = TriggerContext<State>;
  TriggerResult on_record(const Click& click, Ctx& ctx) const {
    if (click.number < 0) {
      ++ctx.state().demands;
      return TriggerResult::fire;
    }
    if (click.number == 1000) ctx.at_processing_time(at(50));
    if (click.number == 2000) return TriggerResult::purge;
    return TriggerResult::wait;
  }
  TriggerResult on_processing_time(Timestamp, Ctx& ctx) const {
    return ctx.state().demands == 0 ? TriggerResult::fire_and_purge : TriggerResult::fire;
  }
};

/// Wants to be called at a time, and has no function for it.
struct AsksInVain {
  using State = int;
  TriggerResult on_record(const Click&, TriggerContext<State>& ctx) const {
    ctx.at_event_time(at(20));
    return TriggerResult::wait;
  }
};

}  // namespace

TEST_CASE("with the trigger of their end windows are as without", "[windows][triggers]") {
  auto plain = test::lines(sliding(10ms, 5ms), 6ms);
  auto told = triggered(sliding(10ms, 5ms), trigger::at_end(), 6ms);
  const auto both = [&](const auto& f) {
    f(plain);
    f(told);
    CHECK(told.drain() == plain.drain());
  };
  both([](auto& windows) { windows.push({1, 1}, at(3)); });
  both([](auto& windows) { windows.push({1, 2}, at(12)); });
  both([](auto& windows) { windows.watermark(at(10)); });
  both([](auto& windows) { windows.push({1, 3}, at(4)); });  // late, and makes a result once more
  both([](auto& windows) { windows.watermark(at(30)); });
  both([](auto& windows) { windows.push({1, 4}, at(4)); });  // too late
  CHECK(told.side<Click>("late") == std::vector<Click>{{1, 4}});
  both([](auto& windows) { windows.end(); });
}

TEST_CASE("a trigger of records fires with each so many of a window, and not at its end",
          "[windows][triggers]") {
  auto windows = triggered(tumbling(10ms), trigger::count(2));
  windows.push({1, 1}, at(1));
  windows.push({2, 2}, at(2));
  CHECK(windows.drain().empty());
  windows.push({1, 3}, at(3));
  CHECK(windows.drain() == Lines{"1 [0,10): 1 3"});
  windows.push({1, 4}, at(12));
  windows.push({1, 5}, at(4));
  CHECK(windows.drain().empty());
  windows.push({1, 6}, at(5));
  CHECK(windows.drain() == Lines{"1 [0,10): 1 3 5 6"});
  windows.end();
  CHECK(windows.drain().empty());
  CHECK_THROWS_AS(trigger::count(0), std::invalid_argument);
}

TEST_CASE("a purging trigger lets a window begin anew", "[windows][triggers]") {
  auto windows = triggered(tumbling(10ms), trigger::purging(trigger::count(2)));
  for (int n = 1; n <= 5; ++n) windows.push({1, n}, at(n));
  CHECK(windows.drain() == Lines{"1 [0,10): 1 2", "1 [0,10): 3 4"});
  windows.end();
  CHECK(windows.drain().empty());
}

TEST_CASE("results come again and again, at multiples of an interval and at the end",
          "[windows][triggers]") {
  auto windows = triggered(tumbling(10ms), trigger::every(4ms));
  windows.push({1, 1}, at(1));
  windows.watermark(at(3));
  CHECK(windows.drain().empty());
  windows.watermark(at(4));
  CHECK(windows.drain() == Lines{"1 [0,10): 1"});
  windows.push({1, 2}, at(7));
  windows.watermark(at(8));
  CHECK(windows.drain() == Lines{"1 [0,10): 1 2"});
  windows.watermark(at(9));
  CHECK(windows.drain() == Lines{"1 [0,10): 1 2"});
  auto before = triggered(tumbling(10ms), trigger::every(4ms));  // 1970
  before.push({1, 1}, at(-7));
  before.watermark(at(-4));
  CHECK(before.drain() == Lines{"1 [-10,0): 1"});
  CHECK_THROWS_AS(trigger::every(1us), std::invalid_argument);
}

TEST_CASE("they come by the wall clock, too", "[windows][triggers]") {
  auto windows = triggered(tumbling(10ms).in_processing_time(), trigger::every(4ms));
  windows.processing_time(at(1));
  windows.push({1, 1});
  windows.processing_time(at(5));
  CHECK(windows.drain() == Lines{"1 [0,10): 1"});
  windows.processing_time(at(20));
  CHECK(windows.drain() == Lines{"1 [0,10): 1", "1 [0,10): 1"});
}

TEST_CASE("a trigger of change compares with the record of the last time", "[windows][triggers]") {
  auto windows = triggered(tumbling(10ms), trigger::change(5, [](const Click& a, const Click& b) {
                             return static_cast<double>(b.number - a.number);
                           }));
  for (const int n : {10, 15, 16, 21, 22}) windows.push({1, n}, at(1));
  CHECK(windows.drain() == Lines{"1 [0,10): 10 15 16", "1 [0,10): 10 15 16 21 22"});
}

TEST_CASE("a trigger of one's own keeps state by window, and is called when it asks",
          "[windows][triggers]") {
  auto windows = triggered(tumbling(10ms), OnDemand{});
  windows.push({1, 1}, at(1));
  windows.push({1, -1}, at(2));
  CHECK(windows.drain() == Lines{"1 [0,10): 1 -1"});
  windows.push({1, 1000}, at(3));
  windows.push({2, 1000}, at(3));
  windows.processing_time(at(51));
  Lines called = windows.drain();
  std::sort(called.begin(), called.end());
  CHECK(called == Lines{"1 [0,10): 1 -1 1000", "2 [0,10): 1000"});
  windows.push({2, -2}, at(3));  // began anew when it was called
  CHECK(windows.drain() == Lines{"2 [0,10): -2"});
  windows.push({2, 2000}, at(3));
  windows.push({2, -3}, at(3));
  CHECK(windows.drain() == Lines{"2 [0,10): -3"});
  windows.watermark(at(9));
  CHECK(windows.drain().empty());  // it does not fire at the end
  windows.push({1, -1}, at(3));
  CHECK(windows.drain().empty());  // the window is over
  CHECK(windows.side<Click>("late").size() == 1);
}

TEST_CASE("sessions with a trigger merge, with what it keeps", "[windows][triggers][sessions]") {
  auto windows = triggered(session(5ms), trigger::count(3));
  windows.push({1, 1}, at(0));
  windows.push({1, 2}, at(8));
  CHECK(windows.drain().empty());
  windows.push({1, 3}, at(4));  // makes one of both
  CHECK(windows.drain() == Lines{"1 [0,13): 1 2 3"});

  auto ends = triggered(session(5ms), trigger::at_end());
  ends.push({1, 1}, at(0));
  ends.push({1, 2}, at(8));
  ends.watermark(at(3));
  ends.push({1, 3}, at(4));
  ends.watermark(at(11));
  CHECK(ends.drain().empty());  // the first end has passed, but it is the end of nothing
  ends.watermark(at(12));
  CHECK(ends.drain() == Lines{"1 [0,13): 1 2 3"});

  auto again = triggered(session(5ms), trigger::every(4ms));
  again.push({1, 1}, at(1));
  again.push({1, 2}, at(5));
  again.watermark(at(4));
  CHECK(again.drain() == Lines{"1 [1,10): 1 2"});
  again.watermark(at(9));
  CHECK(again.drain() == Lines{"1 [1,10): 1 2", "1 [1,10): 1 2"});
}

TEST_CASE("time that jumps over several intervals makes one result of them",
          "[windows][triggers]") {
  auto windows = triggered(tumbling(100ms), trigger::every(10ms));
  windows.push({1, 1}, at(1));
  windows.push({1, 2}, at(35));
  windows.watermark(at(50));
  CHECK(windows.drain() == Lines{"1 [0,100): 1 2"});
  windows.watermark(at(59));
  CHECK(windows.drain().empty());
  windows.push({1, 3}, at(55));  // it is waited for already
  windows.watermark(at(60));
  CHECK(windows.drain() == Lines{"1 [0,100): 1 2 3"});
  windows.end();
  CHECK(windows.drain() == Lines{"1 [0,100): 1 2 3", "1 [0,100): 1 2 3"});
}

TEST_CASE("the end of the input is the end of every interval", "[windows][triggers]") {
  auto windows = triggered(global(), trigger::every(10ms));
  windows.push({1, 1}, at(1));
  windows.end();
  CHECK(windows.drain().size() == 2);  // by the interval, and at the end
}

TEST_CASE("a session that grows has no result at the end that it had", "[windows][triggers]") {
  auto windows = triggered(session(30ms), trigger::every(100ms));
  windows.push({1, 1}, at(1));
  windows.push({1, 2}, at(20));
  windows.watermark(at(30));
  CHECK(windows.drain().empty());
  windows.watermark(at(49));
  CHECK(windows.drain() == Lines{"1 [1,50): 1 2"});
}

TEST_CASE("a trigger that asks to be called, and cannot be, fails by name", "[windows][triggers]") {
  auto windows = triggered(tumbling(100ms), AsksInVain{});
  windows.push({1, 1}, at(1));
  CHECK_THROWS_WITH(windows.watermark(at(20)), Catch::Contains("on_event_time"));
}

TEST_CASE("a global window is everything, and ends with the input", "[windows][triggers]") {
  auto windows = testing::harness<Click>([](const Stream<Click>& clicks) {
    return clicks.key_by(&Click::page).window(global()).count("all");
  });
  windows.push({1, 1});  // needs no times
  windows.push({1, 2}, at(50));
  windows.watermark(at(1'000'000));
  CHECK(windows.drain().empty());
  windows.end();
  const auto all = windows.drain();
  REQUIRE(all.size() == 1);
  CHECK(all[0].value == 2);
  CHECK(all[0].window == Window{Timestamp::min(), Timestamp::max()});
}

TEST_CASE("windows by count take so many records, whatever their times", "[windows][triggers]") {
  const auto counted = [](auto windows) {
    return testing::harness<Click>([&](const Stream<Click>& clicks) {
      return clicks.key_by(&Click::page)
          .window(windows)
          .process("last",
                   [](int, const Window&, const std::vector<Click>& in_it, Emit<std::string>& out) {
                     std::string line;
                     for (const Click& click : in_it) line += std::to_string(click.number);
                     out(std::move(line));
                   });
    });
  };
  auto full = counted(count_windows(3));
  for (int n = 1; n <= 7; ++n) full.push({1, n}, at(-n));
  full.push({2, 8});
  full.end();
  CHECK(full.drain() == Lines{"123", "456"});

  auto slides = counted(count_windows(3, 2));
  for (int n = 1; n <= 7; ++n) slides.push({1, n});
  CHECK(slides.drain() == Lines{"12", "234", "456"});

  CHECK_THROWS_AS(count_windows(0), std::invalid_argument);
  CHECK_THROWS_AS(count_windows(3, 0), std::invalid_argument);
}

TEST_CASE("a key whose counted window is full leaves nothing behind", "[windows][triggers]") {
  auto windows = testing::harness<Click>([](const Stream<Click>& clicks) {
    return clicks.key_by(&Click::page).window(count_windows(2)).count("pairs");
  });
  CHECK(windows.snapshot().is_empty());
  windows.push({1, 1});
  CHECK_FALSE(windows.snapshot().is_empty());
  windows.push({1, 2});
  CHECK(windows.snapshot().is_empty());
}

TEST_CASE("what triggers keep and ask for survives, at another parallelism and on RocksDB",
          "[windows][triggers][rocksdb]") {
  auto first = triggered(tumbling(10ms), trigger::every(4ms));
  auto counts = triggered(tumbling(10ms), trigger::count(3));
  for (int page = 0; page < 20; ++page) {
    first.push({page, page}, at(1));
    counts.push({page, page}, at(1));
    counts.push({page, page}, at(2));
  }
  const testing::HarnessOptions other{.parallelism = 3, .backend = StateBackendType::rocksdb};
  auto second = triggered(tumbling(10ms), trigger::every(4ms), {}, other);
  second.restore(first.snapshot());
  second.watermark(at(4));
  CHECK(second.drain().size() == 20);
  second.watermark(at(9));
  CHECK(second.drain().size() == 40);  // by the interval once more, and at the end
  auto more = triggered(tumbling(10ms), trigger::count(3), {}, other);
  more.restore(counts.snapshot());
  for (int page = 0; page < 20; ++page) more.push({page, page}, at(3));
  CHECK(more.drain().size() == 20);
}

TEST_CASE("a trigger that needs the time of a record without one fails by name",
          "[windows][triggers]") {
  auto windows = triggered(global(), trigger::every(4ms));
  CHECK_THROWS_WITH(windows.push({1, 1}), Catch::Contains("a record has no time"));
}
