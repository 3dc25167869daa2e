// Session windows: what becomes one session, and when it ends.
#include "test/operators/clicks.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace weir;
using test::at;
using test::Click;
using test::Lines;

TEST_CASE("a session ends when nothing has come for the gap", "[windows][sessions]") {
  auto sessions = test::lines(session(10ms));
  sessions.push({1, 1}, at(0));
  sessions.push({1, 2}, at(7));
  sessions.watermark(at(15));
  CHECK(sessions.drain().empty());
  sessions.watermark(at(16));
  const auto results = sessions.drain_timed();
  REQUIRE(results.size() == 1);
  CHECK(results[0].record == "1 [0,17): 1 2");
  CHECK(results[0].time == at(16));
}

TEST_CASE("sessions that touch are one, and such as are a millisecond apart are two",
          "[windows][sessions]") {
  auto sessions = test::lines(session(10ms));
  sessions.push({1, 1}, at(0));
  sessions.push({1, 2}, at(10));
  sessions.push({2, 3}, at(0));
  sessions.push({2, 4}, at(11));
  sessions.end();
  Lines lines = sessions.drain();
  std::sort(lines.begin(), lines.end());
  CHECK(lines == Lines{"1 [0,20): 1 2", "2 [0,10): 3", "2 [11,21): 4"});
}

TEST_CASE("a record between two sessions makes them one, in the order of time",
          "[windows][sessions]") {
  auto sessions = test::lines(session(10ms));
  sessions.push({1, 1}, at(15));
  sessions.push({1, 2}, at(0));
  sessions.push({1, 3}, at(8));
  sessions.end();
  CHECK(sessions.drain() == Lines{"1 [0,25): 2 1 3"});
}

TEST_CASE("T58 sessions merge across a restore, at another parallelism and on another backend",
          "[windows][sessions]") {
  for (const auto first : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
    for (const auto second : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
      auto before = test::lines(session(10ms), {}, {.parallelism = 3, .backend = first});
      for (int page = 0; page < 20; ++page) {
        before.push({page, 1}, at(0));
        before.push({page, 2}, at(15));
      }
      auto after = test::lines(session(10ms), {}, {.parallelism = 2, .backend = second});
      after.restore(before.snapshot());
      for (int page = 0; page < 20; ++page) after.push({page, 3}, at(8));
      after.watermark(at(24));
      CHECK(after.drain().size() == 20);
      after.end();
      CHECK(after.drain().empty());
    }
  }
}

TEST_CASE("a late record counts if the session that it is in has not ended",
          "[windows][sessions]") {
  auto sessions = test::lines(session(10ms));
  sessions.push({1, 1}, at(12));
  sessions.watermark(at(15));
  sessions.push({1, 2}, at(3));  // alone it would have ended
  sessions.push({1, 3}, at(1));
  CHECK(sessions.side<Click>("late").empty());
  sessions.push({2, 4}, at(3));
  CHECK(sessions.side<Click>("late") == std::vector<Click>{{2, 4}});
  sessions.watermark(at(21));
  CHECK(sessions.drain() == Lines{"1 [1,22): 1 2 3"});
}

TEST_CASE("within the lateness a session makes its result once more, or goes on",
          "[windows][sessions]") {
  auto sessions = test::lines(session(10ms), 20ms);
  sessions.push({1, 1}, at(0));
  sessions.watermark(at(9));
  CHECK(sessions.drain() == Lines{"1 [0,10): 1"});
  sessions.push({1, 2}, at(0));  // it has ended
  CHECK(sessions.drain() == Lines{"1 [0,10): 1 2"});
  sessions.push({1, 3}, at(5));  // it goes on
  CHECK(sessions.drain().empty());
  sessions.watermark(at(14));
  CHECK(sessions.drain() == Lines{"1 [0,15): 1 2 3"});
  sessions.watermark(at(33));
  sessions.push({1, 4}, at(15));
  CHECK(sessions.drain() == Lines{"1 [0,25): 1 2 3 4"});
  sessions.watermark(at(44));
  sessions.push({1, 5}, at(15));
  CHECK(sessions.drain().empty());
  CHECK(sessions.side<Click>("late") == std::vector<Click>{{1, 5}});
  sessions.end();
  CHECK(sessions.drain().empty());
}

TEST_CASE("sessions in processing time end by the wall clock", "[windows][sessions]") {
  auto sessions = test::lines(session(10ms).in_processing_time());
  sessions.processing_time(at(100));
  sessions.push({1, 1});
  sessions.processing_time(at(105));
  sessions.push({1, 2});
  sessions.processing_time(at(114));
  CHECK(sessions.drain().empty());
  sessions.processing_time(at(115));
  CHECK(sessions.drain() == Lines{"1 [100,115): 1 2"});
}

TEST_CASE("a session that could not end is refused", "[windows][sessions]") {
  auto sessions = test::lines(session(10ms));
  CHECK_THROWS_AS(sessions.push({1, 1}, Timestamp::max() - 5ms), std::out_of_range);
}
