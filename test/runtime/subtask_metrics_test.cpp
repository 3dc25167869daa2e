// What a subtask says that it counts and measures.
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using test::Bench;

namespace {

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

/// A record that is its own time.
detail::BatchRef number(int n) {
  auto* batch = new detail::Batch<int>;
  batch->records = {n};
  batch->stamp(at(n));
  return detail::BatchRef{batch};
}

/// numbers -> windows -> out; what is late is written as well if `reads_late`.
Job windows(bool reads_late, bool has_trigger) {
  Job job{"windows"};
  const testing::TransactionLog<int> late;
  const auto windows = job.source("numbers", testing::ReplayLog<int>{{}}.source())
                           .event_time(at, monotonic())
                           .key_by([](int n) { return n % 2; })
                           .window(tumbling(10ms));
  const auto count = [&](const auto& some) {
    (reads_late ? some.late("late", late.sink()) : some)
        .count("windows")
        .sink("out", testing::TransactionLog<Windowed<int, std::int64_t>>{}.sink());
  };
  if (has_trigger)
    count(windows.trigger(trigger::at_end()));
  else
    count(windows);
  return job;
}

double metric(const SubtaskMetrics& metrics, const std::string& name) {
  const auto found = std::find_if(metrics.operators.begin(), metrics.operators.end(),
                                  [&](const OperatorMetric& some) { return some.name == name; });
  REQUIRE(found != metrics.operators.end());
  CHECK(found->operator_name == "windows");
  return found->value.value;
}

}  // namespace

TEST_CASE("a subtask says what it has done, how far it is, and what its operators count",
          "[metrics]") {
  const bool has_trigger = GENERATE(false, true);
  Bench bench{windows(false, has_trigger), "windows/0"};
  bench.start();
  CHECK(bench.subtask().metrics().event_time == Timestamp::min());
  bench.push(0, number(1));
  bench.push(0, number(25));
  bench.push(0, detail::Watermark{at(20), false});
  bench.push(0, number(3));
  const SubtaskMetrics metrics = bench.subtask().metrics();
  CHECK(metrics.counters.records_in == 3);
  CHECK(metrics.event_time == at(20));
  CHECK(metrics.input_batches == 0);
  CHECK(metric(metrics, "numFiredTimers") == 1);
  CHECK(metric(metrics, "numLateRecordsDropped") == 1);
}

TEST_CASE("late records that a side output takes are not dropped", "[metrics]") {
  Bench bench{windows(true, false), "windows/0"};
  bench.start();
  bench.push(0, detail::Watermark{at(20), false});
  bench.push(0, number(3));
  CHECK(metric(bench.subtask().metrics(), "numLateRecordsDropped") == 0);
}
