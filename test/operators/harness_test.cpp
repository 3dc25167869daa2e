// The harness in which job authors test one operator.
#include <weir/testing/harness.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using testing::harness;

namespace {

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

/// Sums the numbers of each parity; tells the sum when a timer says so.
class Sums final : public KeyedProcess<int, int, std::string> {
public:
  void on_record(const int& n, Ctx& ctx, Emit<std::string>& out) override {
    if (n < 0) throw std::runtime_error{"it takes no negative numbers"};
    sum_.set(sum_.value_or(0) + n);
    if (!ctx.timestamp()) return out("no time");
    ctx.event_timers().at(*ctx.timestamp());
    ctx.processing_timers().at(ctx.processing_time() + 5ms);
  }
  void on_timer(Timestamp, Ctx& ctx, Emit<std::string>& out) override {
    out((ctx.time_domain() == TimeDomain::event_time ? "event " : "processing ") +
        std::to_string(ctx.key()) + ": " + std::to_string(sum_.value_or(0)));
  }

private:
  ValueState<int> sum_{*this, "sum"};
};

auto sums(testing::HarnessOptions options = {}) {
  return harness<int>(
      [](const Stream<int>& numbers) {
        return numbers.key_by([](int n) { return n % 2; }).process<Sums>("sums");
      },
      options);
}

/// Remembers all it has seen, and tells it at its end.
class Memory final : public Process<int, int> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<int>&) override { seen_.add(n); }
  void on_end(Emit<int>& out) override {
    for (const int n : seen_) out(n);
  }

private:
  OperatorListState<int> seen_{*this, "seen"};
};

auto memory(int parallelism) {
  return harness<int>([](const Stream<int>& numbers) { return numbers.process<Memory>("memory"); },
                      {.parallelism = parallelism});
}

using Texts = std::vector<std::string>;

Texts sorted(Texts texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

}  // namespace

TEST_CASE("a harness hands records, watermarks and the time to its operator", "[harness]") {
  auto op = sums();
  op.push(3);
  CHECK(op.drain() == Texts{"no time"});
  op.push(5, at(10));
  op.push(2, at(20));
  CHECK(op.drain().empty());
  op.watermark(at(10));
  const auto fired = op.drain_timed();
  REQUIRE(fired.size() == 1);
  CHECK(fired[0] == testing::Timed<std::string>{"event 1: 8", at(10)});
  op.processing_time(at(5));
  CHECK(op.drain().empty());
  op.processing_time(at(6));
  const auto processing = op.drain_timed();
  REQUIRE(processing.size() == 2);
  CHECK(processing[0].time == std::nullopt);
  op.end();
  CHECK(op.drain() == Texts{"event 0: 2"});
}

TEST_CASE("state goes from one harness to another, at any parallelism and on any backend",
          "[harness]") {
  for (const auto from : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
    for (const auto to : {StateBackendType::hashmap, StateBackendType::rocksdb}) {
      std::optional<testing::OperatorSnapshot> snapshot;
      {
        auto before = sums({.parallelism = 3, .backend = from});
        for (const int n : {1, 2, 3}) before.push(n, at(10));
        snapshot = before.snapshot();
        before.push(100, at(10));
        before.end();
        CHECK(sorted(before.drain()) == Texts{"event 0: 102", "event 1: 4"});
      }
      for (int again = 0; again < 2; ++again) {
        auto after = sums({.parallelism = 2, .backend = to});
        after.restore(*snapshot);
        after.push(4, at(20));
        after.end();
        CHECK(sorted(after.drain()) == Texts{"event 0: 6", "event 0: 6", "event 1: 4"});
      }
    }
  }
}

TEST_CASE("so does state that belongs to no key", "[harness]") {
  auto before = memory(2);
  for (int n = 0; n < 10; ++n) before.push(n);
  auto after = memory(3);
  after.restore(before.snapshot());
  after.push(10);
  after.end();
  std::vector<int> seen = after.drain();
  std::sort(seen.begin(), seen.end());
  CHECK(seen == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

TEST_CASE("what user code throws comes out", "[harness]") {
  auto op = sums();
  CHECK_THROWS_WITH(op.push(-1), "it takes no negative numbers");
}

TEST_CASE("what a harness cannot do it refuses", "[harness]") {
  const auto identity = [](int n) { return n; };
  CHECK_THROWS_WITH(harness<int>([&](const Stream<int>& numbers) {
                      return numbers.map("a", identity).map("b", identity);
                    }),
                    Catch::Contains("exactly one operator behind the stream, and no sink; there "
                                    "are 2"));
  CHECK_THROWS_AS(harness<int>([](const Stream<int>& numbers) { return numbers; }),
                  std::invalid_argument);
  CHECK_THROWS_AS(sums({.parallelism = 0}), std::invalid_argument);
  auto op = sums();
  const auto snapshot = op.snapshot();
  CHECK_THROWS_AS(op.restore(snapshot), std::logic_error);
  auto other = harness<int>([](const Stream<int>& numbers) {
    return numbers.key_by([](int n) { return std::to_string(n); }).count("sums");
  });
  CHECK_THROWS_AS(other.restore(snapshot), std::runtime_error);
}
