// What functions without keys hear of event time.
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>
#include <utility>
#include <vector>

using namespace weir;
using namespace weir::runtime;
using test::Bench;
using test::Trace;

namespace {

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

constexpr int kEnd = -1;

int number_of(Timestamp time) {
  return time == Timestamp::max() ? kEnd : static_cast<int>(time.time_since_epoch().count());
}

/// Keeps the latest number, and emits it with the time when that moves on.
class Latest final : public Process<int, std::pair<int, int>> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<std::pair<int, int>>&) override {
    latest_ = n;
  }
  void on_watermark(Timestamp to, const OperatorInfo& info,
                    Emit<std::pair<int, int>>& out) override {
    if (info.name != "latest") throw std::logic_error{"it does not know who it is"};
    out({latest_, number_of(to)});
  }

private:
  int latest_ = 0;
};

class Both final : public CoProcess<int, int, int> {
public:
  void on_first(const int&, const OperatorInfo&, Emit<int>&) override {}
  void on_second(const int&, const OperatorInfo&, Emit<int>&) override {}
  void on_watermark(Timestamp to, const OperatorInfo&, Emit<int>& out) override {
    out(number_of(to));
  }
};

template <class T>
struct Collected final : detail::BatchConsumer {
  void consume(detail::BatchBody& body) override {
    auto& batch = static_cast<detail::Batch<T>&>(body);
    for (std::size_t i = 0; i < batch.size(); ++i)
      records.emplace_back(batch.records[i], batch.time_of(i));
  }
  std::vector<std::pair<T, Timestamp>> records;
};

}  // namespace

TEST_CASE("a function without keys hears of event time, and what it emits then has that time",
          "[event_time]") {
  Collected<std::pair<int, int>> out;
  detail::ProcessOperator<Latest> op{{.info = {.job = "job", .name = "latest"}, .key_groups = {}}};
  op.connect(&out);
  detail::Batch<int> batch;
  batch.records = {3, 8};
  op.consume(batch);
  CHECK(out.records.empty());
  CHECK(op.advance_event_time(at(40)));
  CHECK(op.advance_event_time(Timestamp::max()));
  using Expected = std::vector<std::pair<std::pair<int, int>, Timestamp>>;
  CHECK(out.records == Expected{{{8, 40}, at(40)}, {{8, kEnd}, detail::kNoTime}});
}

TEST_CASE("so does one with two inputs", "[event_time]") {
  Collected<int> out;
  detail::CoProcessOperator<Both> op{{.info = {}, .key_groups = {}}};
  op.connect(&out);
  CHECK(op.advance_event_time(at(40)));
  CHECK(out.records == std::vector<std::pair<int, Timestamp>>{{40, at(40)}});
}

TEST_CASE("a function hears of a watermark before those behind it, and once",
          "[event_time][subtask]") {
  Job job{"hook"};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .parallelism(2)
      .rebalance()
      .process<Latest>("latest")
      .parallelism(1)
      .rebalance()
      .sink("out", testing::TransactionLog<std::pair<int, int>>{}.sink())
      .parallelism(1);
  Bench bench{job, "latest/0"};
  bench.start();
  bench.push(0, {5});
  CHECK(bench.push(0, Watermark{at(10)}).empty());  // the other channel has said nothing
  CHECK(bench.push(1, Watermark{at(7)}) == Trace{"out 0: 1 records", "out 0: watermark 7"});
  CHECK(bench.push(1, Watermark{at(7), true}) == Trace{"out 0: 1 records", "out 0: watermark 10"});
  CHECK(bench.push(0, Watermark{at(10), true}) == Trace{"out 0: watermark 10, idle"});
  bench.push(0, EndOfData{});
  CHECK(bench.push(1, EndOfData{}) == Trace{"out 0: 1 records", "out 0: end", "drained"});
}
