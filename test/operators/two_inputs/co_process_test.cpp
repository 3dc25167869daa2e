// Process functions on connected streams: shared state, timers, event time, side outputs.
#include "runtime/graph/validate.hpp"
#include "test/operators/two_inputs/sides.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <optional>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace weir;
using test::at;
using test::Left;
using test::Right;
using test::sorted;
using test::Texts;

namespace {

/// Pairs a left with the right that comes next, of its key; a left that has waited for 10 ms is
/// given up.
class Pairs final : public KeyedCoProcess<int, Left, Right, std::string> {
public:
  explicit Pairs(std::string mark = "+") : mark_{std::move(mark)} {}

  void on_first(const Left& left, Ctx& ctx, Emit<std::string>&) override {
    if (left.number < 0) throw std::runtime_error{"it takes no negative numbers"};
    waiting_.set(left.number);
    if (ctx.timestamp()) ctx.event_timers().at(*ctx.timestamp() + 10ms);
  }
  void on_second(const Right& right, Ctx& ctx, Emit<std::string>& out) override {
    if (right.number == "broken") throw std::runtime_error{"a right is broken"};
    if (!waiting_) return lonely_(right);
    out(std::to_string(ctx.key()) + ": " + std::to_string(*waiting_.get()) + mark_ + right.number);
    waiting_.clear();
  }
  void on_timer(Timestamp, Ctx& ctx, Emit<std::string>& out) override {
    if (waiting_) out(std::to_string(ctx.key()) + ": gave up");
    waiting_.clear();
  }

private:
  std::string mark_;
  ValueState<int> waiting_{*this, "waiting"};
  SideOutput<Right> lonely_{*this, "lonely"};
};

auto pairs(testing::HarnessOptions options = {}) {
  return test::keyed_harness(
      [](const auto& lefts, const auto& rights) {
        return lefts.connect(rights).template process<Pairs>("pairs", "&");
      },
      options);
}

/// Lets lefts pass whose numbers have not been forbidden.
class Gate final : public CoProcess<Left, Right, int> {
public:
  void on_first(const Left& left, const OperatorInfo&, Emit<int>& out) override {
    if (!forbidden_.contains(std::to_string(left.number))) out(left.number);
  }
  void on_second(const Right& right, const OperatorInfo&, Emit<int>&) override {
    forbidden_.put(right.number, right.key);
  }
  void on_end(Emit<int>& out) override { out(-static_cast<int>(forbidden_.size())); }

private:
  BroadcastState<std::string, int> forbidden_{*this, "forbidden"};
};

auto gate(int parallelism) {
  return testing::harness<Left, Right>(
      [](const Stream<Left>& lefts, const Stream<Right>& rights) {
        return lefts.connect(rights.broadcast()).process<Gate>("gate");
      },
      {.parallelism = parallelism});
}

/// Says which input each record came by.
class Sides final : public CoProcess<int, int, std::string> {
public:
  void on_first(const int& n, const OperatorInfo&, Emit<std::string>& out) override {
    out("first " + std::to_string(n));
  }
  void on_second(const int& n, const OperatorInfo&, Emit<std::string>& out) override {
    out("second " + std::to_string(n));
  }
};

}  // namespace

TEST_CASE("records of both inputs meet in the state of their key", "[connected]") {
  auto op = pairs({.parallelism = 3});
  for (int key = 0; key < 9; ++key) op.push_first({key, 10 + key});
  for (int key = 8; key >= 0; --key) op.push_second({"r", key});
  const Texts found = sorted(op.drain());
  REQUIRE(found.size() == 9);
  CHECK(found.front() == "0: 10&r");
  CHECK(found.back() == "8: 18&r");
}

TEST_CASE("what one input has no partner for can leave by a side output", "[connected]") {
  auto op = pairs();
  op.push_second({"alone", 4});
  CHECK(op.drain().empty());
  CHECK(op.side<Right>("lonely") == std::vector<Right>{{"alone", 4}});
}

TEST_CASE("event time is how far both inputs have come", "[connected]") {
  auto op = pairs();
  op.push_first({1, 5}, at(100));
  op.watermark_first(at(500));
  CHECK(op.drain().empty());
  op.watermark_second(at(109));
  CHECK(op.drain().empty());
  op.watermark_second(at(110));
  const auto fired = op.drain_timed();
  REQUIRE(fired.size() == 1);
  CHECK(fired[0] == testing::Timed<std::string>{"1: gave up", at(110)});
}

TEST_CASE("what is emitted has the time of the record of either input", "[connected]") {
  auto op = pairs();
  op.push_first({1, 5}, at(100));
  op.push_second({"r", 1}, at(70));
  CHECK(op.drain_timed() == std::vector<testing::Timed<std::string>>{{"1: 5&r", at(70)}});
}

TEST_CASE("the state of two inputs goes to another parallelism and backend", "[connected]") {
  for (const auto to : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
    auto before = pairs({.parallelism = 2});
    for (int key = 0; key < 20; ++key) before.push_first({key, key}, at(key));
    auto after = pairs({.parallelism = 3, .backend = to});
    after.restore(before.snapshot());
    for (int key = 0; key < 10; ++key) after.push_second({"r", key});
    CHECK(after.drain().size() == 10);
    after.watermark(at(25));
    CHECK(sorted(after.drain()) == Texts{"10: gave up", "11: gave up", "12: gave up", "13: gave up",
                                         "14: gave up", "15: gave up"});
  }
}

TEST_CASE("a stream can be connected with itself: its records come by both inputs", "[connected]") {
  auto op = testing::harness<int>(
      [](const Stream<int>& numbers) { return numbers.connect(numbers).process<Sides>("sides"); });
  op.push(7);
  CHECK(op.drain() == Texts{"first 7", "second 7"});
}

TEST_CASE("streams without keys share what all subtasks of one input get", "[connected]") {
  auto before = gate(2);
  before.push_second({"3", 0});
  auto after = gate(3);
  after.restore(before.snapshot());
  for (int n = 1; n <= 4; ++n) after.push_first({0, n});
  std::vector<int> passed = after.drain();
  std::sort(passed.begin(), passed.end());
  CHECK(passed == std::vector{1, 2, 4});
  after.end();
  CHECK(after.drain() == std::vector{-1, -1, -1});
}

TEST_CASE("what either function throws comes out", "[connected]") {
  auto first = pairs();
  CHECK_THROWS_WITH(first.push_first({1, -1}), "it takes no negative numbers");
  auto second = pairs();
  CHECK_THROWS_WITH(second.push_second({"broken", 1}), "a right is broken");
}

TEST_CASE("streams of two jobs cannot be united", "[connected]") {
  const testing::ReplayLog<int> numbers{{1}};
  Job one{"one"};
  Job other{"other"};
  one.source("numbers", numbers.source())
      .union_with(other.source("others", numbers.source()))
      .sink("out", testing::TransactionLog<int>{}.sink());
  const auto problems = runtime::validate(*one.graph());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].what == "union_with() was called with a stream of another job");
}

TEST_CASE("streams of two jobs cannot be connected", "[connected]") {
  const testing::ReplayLog<int> numbers{{1}};
  testing::TransactionLog<std::string> log;
  Job one{"one"};
  Job other{"other"};
  one.source("numbers", numbers.source())
      .connect(other.source("others", numbers.source()))
      .process<Sides>("sides")
      .sink("out", log.sink());
  const auto problems = runtime::validate(*one.graph());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].what == "connect() was called with a stream of another job");
}
