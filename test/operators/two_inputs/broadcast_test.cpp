// A keyed stream and one that goes to all subtasks: state that is the same everywhere.
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

/// Counts the lefts of each key, and says how many there are once it is as many as the rule of
/// their key says. The rule of a key is the last right with it.
class Limits final : public KeyedBroadcastProcess<int, Left, Right, std::string> {
public:
  void on_record(const Left& left, Ctx& ctx, Emit<std::string>& out) override {
    count_.set(count_.value_or(0) + 1);
    const std::string* limit = limits_.find(left.key);
    if (limit != nullptr && std::to_string(*count_.get()) == *limit)
      out(std::to_string(ctx.key()) + ": " + *limit);
    if (ctx.timestamp()) ctx.event_timers().at(*ctx.timestamp());
  }
  void on_broadcast(const Right& rule, BroadcastCtx& ctx, Emit<std::string>& out) override {
    if (rule.number == "count") static_cast<void>(count_.get());
    if (rule.number == "set") count_.set(1);
    if (rule.number.empty())
      ctx.edit(limits_).remove(rule.key);
    else
      ctx.edit(limits_).put(rule.key, rule.number);
    out("rules at " + std::to_string(ctx.info().subtask) + ": " + std::to_string(limits_.size()));
    if (ctx.timestamp()) times_(*ctx.timestamp());
  }
  void on_timer(Timestamp, Ctx& ctx, Emit<std::string>& out) override {
    out(std::to_string(ctx.key()) + " at its end: " + std::to_string(*count_.get()) + " of " +
        limits_.get(ctx.key()).value_or("any"));
  }

private:
  ValueState<int> count_{*this, "count"};
  ReadOnlyBroadcastState<int, std::string> limits_{*this, "limits"};
  SideOutput<Timestamp> times_{*this, "times"};
};

auto limits(testing::HarnessOptions options = {}) {
  return testing::harness<Left, Right>(
      [](const Stream<Left>& lefts, const Stream<Right>& rights) {
        return lefts.key_by(&Left::key).connect(rights.broadcast()).process<Limits>("limits");
      },
      options);
}

/// Keeps state of its own that only some subtasks would have.
class Uneven final : public KeyedBroadcastProcess<int, Left, Right, int> {
public:
  void on_record(const Left&, Ctx&, Emit<int>&) override {}
  void on_broadcast(const Right&, BroadcastCtx&, Emit<int>&) override {}

private:
  OperatorListState<int> seen_{*this, "seen"};
};

/// Has broadcast state, but nothing is broadcast to it.
/// Could change its rules for one key alone.
class Writable final : public KeyedBroadcastProcess<int, Left, Right, int> {
public:
  void on_record(const Left& left, Ctx&, Emit<int>&) override { rules_.put(left.key, 1); }
  void on_broadcast(const Right&, BroadcastCtx&, Emit<int>&) override {}

private:
  BroadcastState<int, int> rules_{*this, "rules"};
};

class Deaf final : public KeyedProcess<int, Left, int> {
public:
  void on_record(const Left&, Ctx&, Emit<int>&) override {}

private:
  BroadcastState<int, int> rules_{*this, "rules"};
};

}  // namespace

TEST_CASE("a rule reaches all subtasks, and the records of all keys", "[broadcast]") {
  auto op = limits({.parallelism = 3});
  op.push_second({"2", 1});
  CHECK(sorted(op.drain()) == Texts{"rules at 0: 1", "rules at 1: 1", "rules at 2: 1"});
  for (int key = 2; key < 12; ++key) op.push_second({"2", key});
  op.drain();
  for (int key = 1; key < 12; ++key) op.push_first({key, 0});
  CHECK(op.drain().empty());
  for (int key = 1; key < 12; ++key) op.push_first({key, 0});
  CHECK(op.drain().size() == 11);
}

TEST_CASE("a rule can be replaced and taken back", "[broadcast]") {
  auto op = limits();
  op.push_second({"1", 7});
  op.push_second({"2", 7});
  op.drain();
  op.push_first({7, 0});
  CHECK(op.drain().empty());
  op.push_second({"", 7});
  CHECK(op.drain() == Texts{"rules at 0: 0"});
  op.push_first({7, 0});
  CHECK(op.drain().empty());
}

TEST_CASE("timers see the rules and the state of their key", "[broadcast]") {
  auto op = limits();
  op.push_first({3, 0}, at(10));
  op.push_second({"9", 3}, at(5));
  CHECK(op.side<Timestamp>("times") == std::vector{at(5)});
  op.drain();
  op.watermark_first(at(10));
  CHECK(op.drain().empty());
  op.watermark_second(at(10));
  CHECK(op.drain() == Texts{"3 at its end: 1 of 9"});
}

TEST_CASE("rules and state of keys go to another parallelism and backend together", "[broadcast]") {
  for (const auto to : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
    for (const int parallelism : {1, 2, 5}) {
      auto before = limits({.parallelism = 2});
      for (int key = 0; key < 10; ++key) before.push_second({"2", key});
      for (int key = 0; key < 10; ++key) before.push_first({key, 0});
      auto after = limits({.parallelism = parallelism, .backend = to});
      after.restore(before.snapshot());
      for (int key = 0; key < 10; ++key) after.push_first({key, 0});
      CHECK(after.drain().size() == 10);
      after.push_second({"", 0});
      Texts sizes;
      for (int i = 0; i < parallelism; ++i)
        sizes.push_back("rules at " + std::to_string(i) + ": 9");
      CHECK(sorted(after.drain()) == sizes);
    }
  }
}

TEST_CASE("where no key is handled its state cannot be used", "[broadcast]") {
  for (const auto backend : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
    for (const char* use : {"count", "set"}) {
      auto op = limits({.backend = backend});
      op.push_first({1, 0});
      CHECK_THROWS_WITH(
          op.push_second({use, 1}),
          "state of a key is used where no key is handled, as in on_broadcast; keep there what "
          "all keys share, in a ReadOnlyBroadcastState");
    }
  }
}

TEST_CASE("an operator with keys has no other operator state", "[broadcast]") {
  const testing::ReplayLog<Left> lefts{{}};
  const testing::ReplayLog<Right> rights{{}};
  testing::TransactionLog<int> log;
  Job job{"uneven"};
  const auto by_key = job.source("lefts", lefts.source()).key_by(&Left::key);
  by_key.connect(job.source("rights", rights.source()).broadcast())
      .process<Uneven>("uneven")
      .sink("out", log.sink());
  by_key.process<Deaf>("deaf").sink("more", log.sink());
  const auto problems = runtime::validate(*job.graph());
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].what == "it declares the operator state \"seen\", but its input has keys");
  CHECK(problems[1].what == "it declares the operator state \"rules\", but its input has keys");
  CHECK_THAT(problems[1].cure, Catch::StartsWith("derive it from KeyedBroadcastProcess"));
}

TEST_CASE("what keys share can be changed by nobody but all subtasks together", "[broadcast]") {
  const testing::ReplayLog<Left> lefts{{}};
  const testing::ReplayLog<Right> rights{{}};
  Job job{"writable"};
  job.source("lefts", lefts.source())
      .key_by(&Left::key)
      .connect(job.source("rights", rights.source()).broadcast())
      .process<Writable>("writable")
      .sink("out", testing::TransactionLog<int>{}.sink());
  const auto problems = runtime::validate(*job.graph());
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0].cure, Catch::StartsWith("declare it as a ReadOnlyBroadcastState"));
}
