// Window joins and co-groups: what two streams have in the same window.
#include "test/operators/two_inputs/sides.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>
#include <variant>

using namespace std::chrono_literals;
using namespace weir;
using test::at;
using test::Left;
using test::Right;
using test::sorted;
using test::Texts;

namespace {

template <class Windows>
auto joined(const Windows& windows, Duration lateness = {}, testing::HarnessOptions options = {}) {
  return test::keyed_harness(
      [&](const auto& lefts, const auto& rights) {
        return lefts.connect(rights).window(windows).allowed_lateness(lateness).join("join",
                                                                                     test::pair_of);
      },
      options);
}

/// "key [start,end): lefts | rights"
std::string line_of(int key, const Window& window, const std::vector<Left>& lefts,
                    const std::vector<Right>& rights) {
  std::string line = std::to_string(key) + " [" +
                     std::to_string(window.start.time_since_epoch().count()) + "," +
                     std::to_string(window.end.time_since_epoch().count()) + "):";
  for (const Left& left : lefts) line += " " + std::to_string(left.number);
  line += " |";
  for (const Right& right : rights) line += " " + right.number;
  return line;
}

template <class Windows>
auto grouped(const Windows& windows, Duration lateness = {}, testing::HarnessOptions options = {}) {
  return test::keyed_harness(
      [&](const auto& lefts, const auto& rights) {
        return lefts.connect(rights).window(windows).allowed_lateness(lateness).co_group(
            "groups", [](int key, const Window& window, const std::vector<Left>& in_lefts,
                         const std::vector<Right>& in_rights, Emit<std::string>& out) {
              out(line_of(key, window, in_lefts, in_rights));
            });
      },
      options);
}

/// Lefts at these times, rights at those.
template <class Op>
void push(Op& op, std::vector<int> lefts, std::vector<int> rights) {
  for (const int ms : lefts) op.push_first({1, ms}, at(ms));
  for (const int ms : rights) op.push_second({std::to_string(ms), 1}, at(ms));
}

}  // namespace

// The examples of Flink's documentation of joins.
TEST_CASE("tumbling windows join all of one stream with all of the other", "[joins]") {
  auto op = joined(tumbling(2ms));
  push(op, {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 3, 6, 7});
  op.watermark(at(1));
  CHECK(op.drain() == Texts{"0+0", "0+1", "1+0", "1+1"});
  op.watermark(at(5));
  CHECK(op.drain() == Texts{"2+3", "3+3"});
  op.end();
  CHECK(op.drain() == Texts{"6+6", "6+7", "7+6", "7+7"});
}

TEST_CASE("sliding windows join a pair in each window that holds both", "[joins]") {
  auto op = joined(sliding(2ms, 1ms));
  push(op, {0, 1, 2, 3, 4}, {0, 1, 4});
  op.end();
  CHECK(op.drain() == Texts{"0+0", "0+0", "0+1", "1+0", "1+1", "1+1", "2+1", "3+4", "4+4", "4+4"});
}

TEST_CASE("sessions of both streams are one", "[joins]") {
  auto op = grouped(session(3ms));
  push(op, {1, 6, 13}, {3, 5, 20});
  op.end();
  CHECK(op.drain() == Texts{"1 [1,9): 1 6 | 3 5", "1 [13,16): 13 |", "1 [20,23): | 20"});
}

TEST_CASE("a pair has the time of the end of its window", "[joins]") {
  auto op = joined(tumbling(10ms));
  push(op, {2}, {7});
  op.end();
  CHECK(op.drain_timed() == std::vector<testing::Timed<std::string>>{{"2+7", at(9)}});
}

TEST_CASE("a group may have records of one stream alone", "[joins]") {
  auto op = grouped(tumbling(10ms));
  push(op, {1, 11}, {2, 21});
  op.end();
  CHECK(op.drain() == Texts{"1 [0,10): 1 | 2", "1 [10,20): 11 |", "1 [20,30): | 21"});
}

TEST_CASE("keys join apart", "[joins]") {
  auto op = joined(tumbling(10ms), {}, {.parallelism = 2});
  for (int key = 0; key < 6; ++key) op.push_first({key, key}, at(1));
  op.push_second({"r", 2}, at(2));
  op.push_second({"r", 5}, at(2));
  op.end();
  CHECK(sorted(op.drain()) == Texts{"2+r", "5+r"});
}

TEST_CASE("a window that has ended takes late records within its lateness", "[joins]") {
  auto op = grouped(tumbling(10ms), 5ms);
  push(op, {1}, {});
  op.watermark(at(9));
  CHECK(op.drain() == Texts{"1 [0,10): 1 |"});
  push(op, {}, {2});
  CHECK(op.drain() == Texts{"1 [0,10): 1 | 2"});
  op.watermark(at(14));
  push(op, {3}, {4});
  CHECK(op.drain().empty());
  using Either = std::variant<Left, Right>;
  CHECK(op.side<Either>("late") == std::vector<Either>{Left{1, 3}, Right{"4", 1}});
}

TEST_CASE("windows by the wall clock need no event time", "[joins]") {
  auto op = joined(tumbling(10ms).in_processing_time());
  op.push_first({1, 1});
  op.push_second({"r", 1});
  op.processing_time(at(10));
  CHECK(op.drain() == Texts{"1+r"});
}

TEST_CASE("two streams of one type stay apart in their windows", "[joins]") {
  auto op = testing::harness<Left, Left>([](const Stream<Left>& a, const Stream<Left>& b) {
    return a.key_by(&Left::key)
        .connect(b.key_by(&Left::key))
        .window(tumbling(10ms))
        .join("join",
              [](const Left& one, const Left& other) { return 10 * one.number + other.number; });
  });
  op.push_first({1, 1}, at(1));
  op.push_first({1, 2}, at(1));
  op.push_second({1, 3}, at(1));
  op.end();
  CHECK(op.drain() == std::vector{13, 23});
}

TEST_CASE("windows of two streams move between backends and parallelisms", "[joins]") {
  for (const auto from : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
    for (const auto to : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
      auto before = joined(sliding(20ms, 10ms), {}, {.parallelism = 2, .backend = from});
      for (int key = 0; key < 8; ++key) before.push_first({key, key}, at(15));
      auto after = joined(sliding(20ms, 10ms), {}, {.parallelism = 3, .backend = to});
      after.restore(before.snapshot());
      after.watermark(at(17));
      for (int key = 0; key < 8; ++key) after.push_second({"r", key}, at(18));
      after.watermark(at(19));
      CHECK(after.drain().size() == 8);
      after.end();
      CHECK(after.drain().size() == 8);
    }
  }
}

TEST_CASE("a lateness below zero is refused", "[joins]") {
  CHECK_THROWS_AS(joined(tumbling(10ms), -1ms), std::invalid_argument);
}
