// A record that went to all subtasks, and the state of every key.
#include "test/operators/two_inputs/sides.hpp"

#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <string>

using namespace std::chrono_literals;
using namespace weir;
using test::at;
using test::Left;
using test::Right;
using test::sorted;
using test::Texts;

namespace {

/// Keeps the numbers of each key in states of all kinds; does to all keys what rules say.
class Ledger final : public KeyedBroadcastProcess<int, Left, Right, std::string> {
public:
  void on_record(const Left& left, Ctx&, Emit<std::string>&) override {
    if (left.number == 0) return;  // it leaves the key without any state
    last_.set(left.number);
    list_.add(left.number);
    by_number_.put(left.number, 1);
    sum_.add(left.number);
    total_.add(left.number);
  }

  void on_broadcast(const Right& rule, BroadcastCtx& ctx, Emit<std::string>& out) override {
    const auto tell = [&](const char* what) {
      return [&out, what](int key) { out(what + std::to_string(key)); };
    };
    if (rule.number == "values")
      ctx.for_each_key(last_, [&](int key) {
        out(std::to_string(key) + "=" + std::to_string(*last_.get()) + "/" +
            std::to_string(list_.get().size()) + "/" + std::to_string(by_number_.size()) + "/" +
            std::to_string(*sum_.get()) + "/" + std::to_string(*total_.find()));
      });
    if (rule.number == "who") {
      ctx.for_each_key(last_, tell("value "));
      ctx.for_each_key(list_, tell("list "));
      ctx.for_each_key(by_number_, tell("map "));
      ctx.for_each_key(sum_, tell("sum "));
      ctx.for_each_key(total_, tell("total "));
    }
    if (rule.number == "raise")
      ctx.for_each_key(list_, [&](int) {
        last_.set(last_.value_or(0) + 1);
        list_.add(0);
        by_number_.put(-1, 1);
        sum_.add(1);
        total_.add(1);
      });
    if (rule.number == "forget")
      ctx.for_each_key(by_number_, [&](int key) {
        if (key % 2 != 0) return;
        last_.clear();
        list_.clear();
        by_number_.clear();
        sum_.clear();
        total_.clear();
      });
    if (rule.number == "none") ctx.for_each_key(last_, [](int) {});
    if (rule.number == "none") static_cast<void>(last_.get());  // of no key any more
  }

private:
  ValueState<int> last_{*this, "last"};
  ListState<int> list_{*this, "list"};
  MapState<int, int> by_number_{*this, "by-number"};
  ReducingState<int> sum_{*this, "sum", [](int a, int b) { return a + b; }};
  AggregatingState<int, int> total_{*this, "total", 0, [](int& a, int b) { a += b; }};
};

auto ledger(testing::HarnessOptions options) {
  return testing::harness<Left, Right>(
      [](const Stream<Left>& lefts, const Stream<Right>& rights) {
        return lefts.key_by(&Left::key).connect(rights.broadcast()).process<Ledger>("ledger");
      },
      options);
}

template <class Op>
Texts ask(Op& op, const char* rule) {
  op.push_second({rule, 0});
  return sorted(op.drain());
}

constexpr auto kBackends = {StateBackendType::hashmap, StateBackendType::rocksdb};

/// What "values" says of these keys, of which each has had its own number, and what `more` says.
Texts values(int from, int to, int step, int raised) {
  Texts all;
  for (int key = from; key < to; key += step) {
    const std::string sum = std::to_string(key + raised);
    all.push_back(std::to_string(key) + "=" + sum + "/" + std::to_string(1 + raised) + "/" +
                  std::to_string(raised > 0 ? 2 : 1) + "/" + sum + "/" + sum);
  }
  return sorted(all);
}

}  // namespace

TEST_CASE("a rule may look at every key once, and change what it has", "[broadcast]") {
  for (const auto backend : kBackends) {
    for (const int parallelism : {1, 3}) {
      CAPTURE(backend, parallelism);
      auto op = ledger({.parallelism = parallelism, .backend = backend});
      CHECK(ask(op, "values").empty());
      for (int key = 1; key < 500; ++key) op.push_first({key, key});
      for (int key = 500; key < 600; ++key) op.push_first({key, 0});
      CHECK(ask(op, "values") == values(1, 500, 1, 0));
      ask(op, "raise");
      CHECK(ask(op, "values") == values(1, 500, 1, 1));
      ask(op, "forget");
      CHECK(ask(op, "values") == values(1, 500, 2, 1));
      CHECK(ask(op, "who").size() == 5 * 250);
      op.push_first({7, 8});
      CHECK(ask(op, "raise").empty());
      CHECK(ask(op, "values").size() == 250);
    }
  }
}

TEST_CASE("every key is found wherever its state lies, and changes are kept", "[broadcast]") {
  for (const auto from : kBackends) {
    for (const auto to : kBackends) {
      CAPTURE(from, to);
      auto before = ledger({.parallelism = 2, .backend = from});
      for (int key = 1; key < 300; ++key) before.push_first({key, key});
      auto middle = ledger({.parallelism = 3, .backend = to});
      middle.restore(before.snapshot());
      CHECK(ask(middle, "who").size() == 5 * 299);  // of which none has been touched
      middle.push_first({300, 300});
      ask(middle, "raise");
      CHECK(ask(middle, "values") == values(1, 301, 1, 1));
      const auto raised = middle.snapshot();
      ask(middle, "forget");
      CHECK(ask(middle, "values") == values(1, 301, 2, 1));
      auto after = ledger({.parallelism = 1, .backend = from});
      after.restore(middle.snapshot());
      CHECK(ask(after, "values") == values(1, 301, 2, 1));
      auto again = ledger({.parallelism = 1, .backend = to});
      again.restore(raised);
      CHECK(ask(again, "values") == values(1, 301, 1, 1));
    }
  }
}

TEST_CASE("behind every key there is none again", "[broadcast]") {
  for (const auto backend : kBackends) {
    auto op = ledger({.backend = backend});
    op.push_first({1, 1});
    CHECK_THROWS_WITH(op.push_second({"none", 0}),
                      Catch::Contains("state of a key is used where no key is handled"));
  }
}

namespace {

/// Remembers each key for ten seconds.
class Recent final : public KeyedBroadcastProcess<int, Left, Right, int> {
public:
  void on_record(const Left& left, Ctx&, Emit<int>&) override { last_.set(left.number); }
  void on_broadcast(const Right&, BroadcastCtx& ctx, Emit<int>& out) override {
    ctx.for_each_key(last_, [&](int key) { out(key); });
  }

private:
  ValueState<int> last_{*this, "last", ttl(10s)};
};

}  // namespace

TEST_CASE("what has expired is not visited", "[broadcast]") {
  for (const auto backend : kBackends) {
    auto op = testing::harness<Left, Right>(
        [](const Stream<Left>& lefts, const Stream<Right>& rights) {
          return lefts.key_by(&Left::key).connect(rights.broadcast()).process<Recent>("recent");
        },
        {.backend = backend});
    op.processing_time(at(0));
    op.push_first({1, 1});
    op.processing_time(at(6000));
    op.push_first({2, 1});
    op.push_second({"", 0});
    CHECK(op.drain().size() == 2);
    op.processing_time(at(11'000));
    op.push_second({"", 0});
    CHECK(op.drain() == std::vector{2});
  }
}
