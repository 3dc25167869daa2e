// A source that is told to drain: it ends its input, and the barrier follows the end.
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <numeric>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using checkpoint::CheckpointKind;
using test::Bench;
using test::Trace;

namespace {

checkpoint::Barrier barrier(std::uint64_t id, CheckpointKind kind = CheckpointKind::drain) {
  return {.id = CheckpointId{id}, .kind = kind};
}

/// numbers/1 -> out/2.
Job read(const testing::ReplayLog<int>& input) {
  Job job{"numbers"};
  job.source("numbers", input.source())
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(2);
  return job;
}

}  // namespace

TEST_CASE("a source that is drained ends its input where it is, and its barrier follows the end",
          "[subtask]") {
  testing::ReplayLog<int> input{{1, 2, 3, 4, 5, 6}, 3, {.rows_per_poll = 1, .pause = 1ms}};
  Bench bench{read(input), "numbers/0"};
  bench.start();
  bench.turn([](Subtask& s) { s.on_splits({{Split{"0"}, {}}, {Split{"1"}, {}}}, false); });
  CHECK(bench.turn([](Subtask& s) { s.on_trigger(barrier(2)); }) ==
        Trace{"out 0: end", "out 1: end", "drained", "out 0: barrier 2", "out 1: barrier 2",
              "snapshotted 2"});
  bench.now() += 1ms;
  // What comes too late changes nothing: splits, other triggers.
  CHECK(bench.turn([](Subtask& s) { s.on_splits({{Split{"2"}, {}}}, true); }).empty());
  CHECK(bench.turn([](Subtask& s) { s.on_trigger(barrier(1, CheckpointKind::periodic)); }).empty());
  CHECK(bench.turn([](Subtask& s) { s.on_trigger(barrier(2)); }).empty());
  CHECK(bench.records_sent() == 1);
  CHECK(bench.do_work() == Trace{"ack 2"});
  const state::SubtaskState& state = bench.acks().at(0).state;
  CHECK(state.is_finished);
  REQUIRE(state.sources.at(0).splits.size() == 2);
  CHECK(state.sources[0].splits[0].position);
  CHECK_FALSE(state.sources[0].splits[1].position);
  CHECK(bench.turn([](Subtask& s) { s.on_completed(CheckpointId{2}, true); }) == Trace{"done"});
}

TEST_CASE("between the order to drain and the end a source takes part in no checkpoint",
          "[subtask]") {
  std::vector<int> rows(40'000);
  std::iota(rows.begin(), rows.end(), 0);
  testing::ReplayLog<int> input{rows, 1, {.rows_per_poll = 1000}};
  Bench bench{read(input), "numbers/0"};
  bench.start();
  bench.turn([](Subtask& s) { s.on_splits({{Split{"0"}, {}}}, true); });  // until credits are spent
  CHECK(bench.turn([](Subtask& s) { s.on_trigger(barrier(2)); }).empty());
  CHECK(bench.turn([](Subtask& s) { s.on_trigger(barrier(1, CheckpointKind::periodic)); }).empty());
  SECTION("it comes to nothing") {
    bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{2}); });
    bench.credit(0, 8);
    const Trace trace = bench.credit(1, 8);
    CHECK(trace.back() == "drained");  // and no barrier
  }
  SECTION("it goes on") {
    bench.turn([](Subtask& s) { s.on_splits({{Split{"1"}, {}}}, true); });  // not its own any more
    bench.credit(0, 8);
    const Trace trace = bench.credit(1, 8);
    CHECK(trace.back() == "snapshotted 2");
    CHECK(bench.records_sent() < 40'000);
    bench.do_work();
    CHECK(bench.acks().at(0).state.sources.at(0).splits.size() == 1);
  }
}

TEST_CASE("a source that has ended takes the barrier of a drain as any other", "[subtask]") {
  testing::ReplayLog<int> input{{1, 2}, 1};
  Bench bench{read(input), "numbers/0"};
  bench.start();
  const Trace ended = bench.turn([](Subtask& s) {
    s.on_splits({{Split{"0"}, std::nullopt}}, true);
  });
  REQUIRE(ended.back() == "drained");
  CHECK(bench.turn([](Subtask& s) { s.on_trigger(barrier(1)); }) ==
        Trace{"out 0: barrier 1", "out 1: barrier 1", "snapshotted 1"});
}
