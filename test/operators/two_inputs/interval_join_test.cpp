// Interval joins: which pairs there are, what is late, and what is kept how long.
#include "runtime/graph/validate.hpp"
#include "test/operators/two_inputs/sides.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace weir;
using test::at;
using test::Left;
using test::Right;
using test::sorted;
using test::Texts;

namespace {

auto joined(const JoinInterval& interval, testing::HarnessOptions options = {}) {
  return test::keyed_harness(
      [&](const auto& lefts, const auto& rights) {
        return lefts.connect(rights).interval_join("join", interval, test::pair_of);
      },
      options);
}

/// Lefts at these times and rights at those, of one key and named by their times; returns what
/// pairs they make, in whatever order they come.
Texts pairs_of(const JoinInterval& interval, std::vector<int> lefts, std::vector<int> rights) {
  std::vector<Texts> found;
  for (const bool lefts_first : {true, false}) {
    auto op = joined(interval);
    const auto push_lefts = [&] {
      for (const int ms : lefts) op.push_first({1, ms}, at(ms));
    };
    if (lefts_first) push_lefts();
    for (const int ms : rights) op.push_second({std::to_string(ms), 1}, at(ms));
    if (!lefts_first) push_lefts();
    found.push_back(sorted(op.drain()));
  }
  CHECK(found[0] == found[1]);
  return found[0];
}

}  // namespace

// The example of Flink's documentation of joins.
TEST_CASE("an interval join finds the pairs near each other", "[joins]") {
  CHECK(pairs_of(between(-2ms, 1ms), {0, 2, 3, 4, 5, 7}, {0, 1, 6, 7}) ==
        sorted({"0+0", "0+1", "2+0", "2+1", "3+1", "5+6", "7+6", "7+7"}));
}

TEST_CASE("both bounds are in the interval, unless they are taken out", "[joins]") {
  const std::vector<int> rights{7, 8, 9, 10, 11, 12, 13};
  CHECK(pairs_of(between(-2ms, 2ms), {10}, rights) ==
        sorted({"10+8", "10+9", "10+10", "10+11", "10+12"}));
  CHECK(pairs_of(between(-2ms, 2ms).without_lower(), {10}, rights) ==
        sorted({"10+9", "10+10", "10+11", "10+12"}));
  CHECK(pairs_of(between(-2ms, 2ms).without_upper(), {10}, rights) ==
        sorted({"10+8", "10+9", "10+10", "10+11"}));
  CHECK(pairs_of(between(0ms, 0ms), {10}, rights) == Texts{"10+10"});
}

TEST_CASE("an interval may lie before a record or behind it", "[joins]") {
  CHECK(pairs_of(between(-3ms, -1ms), {10}, {6, 7, 8, 9, 10}) == sorted({"10+7", "10+8", "10+9"}));
  CHECK(pairs_of(between(1ms, 3ms), {10}, {10, 11, 12, 13, 14}) ==
        sorted({"10+11", "10+12", "10+13"}));
}

TEST_CASE("a pair has the later of its two times", "[joins]") {
  auto op = joined(between(-5ms, 5ms));
  op.push_first({1, 1}, at(10));
  op.push_second({"a", 1}, at(8));
  op.push_second({"b", 1}, at(13));
  CHECK(op.drain_timed() ==
        std::vector<testing::Timed<std::string>>{{"1+a", at(10)}, {"1+b", at(13)}});
}

TEST_CASE("only records with equal keys make pairs", "[joins]") {
  auto op = joined(between(-5ms, 5ms), {.parallelism = 2});
  for (int key = 0; key < 10; ++key) op.push_first({key, key}, at(1));
  op.push_second({"r", 4}, at(1));
  CHECK(op.drain() == Texts{"4+r"});
}

TEST_CASE("records with equal times and keys all make pairs", "[joins]") {
  auto op = joined(between(0ms, 0ms));
  op.push_first({1, 1}, at(3));
  op.push_first({1, 1}, at(3));
  op.push_second({"r", 1}, at(3));
  op.push_second({"r", 1}, at(3));
  CHECK(op.drain() == Texts{"1+r", "1+r", "1+r", "1+r"});
}

// A snapshot does not know event time, so another harness shows what has been kept.
TEST_CASE("a record waits for as long as a partner may come, and no longer", "[joins]") {
  for (const auto backend : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
    const auto pairs_after = [&](std::int64_t passed) {
      auto op = joined(between(-2ms, 4ms), {.backend = backend});
      op.push_first({1, 10}, at(10));
      op.push_second({"20", 1}, at(20));
      op.watermark(at(passed));
      auto shown = joined(between(-2ms, 4ms), {.backend = backend});
      shown.restore(op.snapshot());
      shown.push_second({"14", 1}, at(14));
      shown.push_first({1, 22}, at(22));
      return shown.drain();
    };
    CHECK(pairs_after(13) == Texts{"10+14", "22+20"});
    CHECK(pairs_after(14) == Texts{"22+20"});
    CHECK(pairs_after(21) == Texts{"22+20"});
    CHECK(pairs_after(22).empty());
  }
}

TEST_CASE("a record whose partners have all been passed is not kept", "[joins]") {
  auto op = joined(between(-9ms, -5ms));
  op.watermark(at(5));
  op.push_first({1, 10}, at(10));
  auto shown = joined(between(-9ms, -5ms));
  shown.restore(op.snapshot());
  shown.push_second({"5", 1}, at(5));
  CHECK(shown.drain().empty());
}

TEST_CASE("a record that waits does not stay for ever when its interval has become longer",
          "[joins]") {
  auto before = joined(between(0ms, 4ms));
  before.push_first({1, 10}, at(10));
  before.push_first({1, 11}, at(11));
  auto longer = joined(between(0ms, 20ms));
  longer.restore(before.snapshot());
  longer.watermark(at(30));
  auto shown = joined(between(0ms, 20ms));
  shown.restore(longer.snapshot());
  shown.push_second({"30", 1}, at(30));
  CHECK(shown.drain() == Texts{"11+30"});
  longer.watermark(at(31));
  CHECK(longer.snapshot().is_empty());
}

TEST_CASE("a late record makes no pair, and can be read beside them", "[joins]") {
  auto op = joined(between(-5ms, 5ms));
  op.push_first({1, 12}, at(12));
  op.push_second({"13", 1}, at(13));
  op.drain();
  op.watermark(at(10));
  op.push_first({1, 9}, at(9));
  op.push_first({1, 10}, at(10));
  op.push_second({"10", 1}, at(10));
  CHECK(op.drain().empty());
  CHECK(op.side<Left>("late-first") == std::vector<Left>{{1, 9}, {1, 10}});
  CHECK(op.side<Right>("late-second") == std::vector<Right>{{"10", 1}});
  op.push_first({1, 11}, at(11));
  CHECK(op.drain() == Texts{"11+13"});
}

TEST_CASE("event time that has come further on one input makes nothing late", "[joins]") {
  auto op = joined(between(-5ms, 5ms));
  op.push_first({1, 12}, at(12));
  op.watermark_first(at(100));
  op.push_second({"12", 1}, at(12));
  CHECK(op.drain() == Texts{"12+12"});
}

TEST_CASE("what waits comes back, at any parallelism and on any backend", "[joins]") {
  for (const auto from : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
    for (const auto to : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
      auto before = joined(between(-5ms, 5ms), {.parallelism = 3, .backend = from});
      for (int key = 0; key < 9; ++key) before.push_first({key, key}, at(10));
      auto after = joined(between(-5ms, 5ms), {.parallelism = 2, .backend = to});
      after.restore(before.snapshot());
      after.watermark(at(14));
      for (int key = 0; key < 9; ++key) after.push_second({"r", key}, at(15));
      CHECK(after.drain().size() == 9);
      after.watermark(at(15));
      for (int key = 0; key < 9; ++key) after.push_second({"r", key}, at(16));
      CHECK(after.drain().empty());
    }
  }
}

TEST_CASE("a pair may make several results or none", "[joins]") {
  auto op = test::keyed_harness([&](const auto& lefts, const auto& rights) {
    return lefts.connect(rights).interval_join("join", between(-5ms, 5ms),
                                               [](const Left& left, const Right&, Emit<int>& out) {
                                                 for (int i = 0; i < left.number; ++i) out(i);
                                               });
  });
  op.push_second({"r", 1}, at(1));
  op.push_first({1, 0}, at(1));
  op.push_first({1, 3}, at(1));
  CHECK(op.drain() == std::vector{0, 1, 2});
}

TEST_CASE("times at the ends of what there is make no pair by overflow", "[joins]") {
  auto op = joined(between(-5ms, 5ms));
  op.push_first({1, 1}, Timestamp::max() - 2ms);
  op.push_second({"early", 1}, Timestamp::min() + 2ms);
  op.push_second({"r", 1}, Timestamp::max() - 1ms);
  CHECK(op.drain() == Texts{"1+r"});
}

TEST_CASE("records without times have no place in an interval", "[joins]") {
  auto op = joined(between(-5ms, 5ms));
  CHECK_THROWS_WITH(op.push_first({1, 1}),
                    "a record has no time: put event_time(...) on every stream that leads to an "
                    "interval_join");
}

TEST_CASE("a join of streams without event time is refused before it starts", "[joins]") {
  const testing::ReplayLog<Left> lefts{{}};
  const testing::ReplayLog<Right> rights{{}};
  testing::TransactionLog<std::string> log;
  Job job{"untimed"};
  job.source("lefts", lefts.source())
      .event_time([](const Left&) { return Timestamp{}; }, bounded_lag(1ms))
      .key_by(&Left::key)
      .connect(job.source("rights", rights.source()).key_by(&Right::key))
      .interval_join("join", between(0ms, 1ms), test::pair_of)
      .sink("out", log.sink());
  const auto problems = runtime::validate(*job.graph());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].what == "it joins in event time, and not all of its input has that");
  CHECK(problems[0].cure == "put event_time(...) on both streams before key_by");
}

TEST_CASE("an interval with nothing in it is refused", "[joins]") {
  CHECK_THROWS_AS(between(1ms, 0ms), std::invalid_argument);
  CHECK_THROWS_AS(between(0ms, 0ms).without_upper(), std::invalid_argument);
  CHECK_THROWS_AS(between(0ms, 1ms).without_lower().without_upper(), std::invalid_argument);
  CHECK_THROWS_AS(between(0ns, 1500us), std::invalid_argument);
}
