// What a subtask says when it is asked how it stands.
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using checkpoint::Barrier;
using checkpoint::BarrierMode;
using test::Bench;

namespace {

/// numbers/2 -> copies/1 -> out/1, with two credits per channel.
Job copies(JobOptions options = {}) {
  options.network.batches_per_channel = 2;
  Job job{"copies", options};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .parallelism(2)
      .rebalance()
      .map("copies", [](int n) { return n; })
      .parallelism(1)
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(2);
  return job;
}

Barrier barrier(std::uint64_t id, BarrierMode mode = BarrierMode::aligned) {
  return {.id = CheckpointId{id}, .mode = mode};
}

}  // namespace

TEST_CASE("a subtask says which barrier has come where, and what lies ahead of it", "[situation]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  bench.push(0, barrier(1));
  bench.push(0, {1});
  bench.push(0, barrier(2));
  const SubtaskSituation s = bench.subtask().situation();
  REQUIRE(s.inputs.size() == 2);
  CHECK(s.aligning == CheckpointId{1});
  CHECK_FALSE(s.overtakes_later);
  CHECK(s.handled == CheckpointId{0});
  CHECK(s.inputs[0] == InputSituation{.received = 3,
                                      .batches = 1,
                                      .owed = 0,
                                      .is_blocked = true,
                                      .passed = CheckpointId{1},
                                      .barriers = {{CheckpointId{2}, 1, false}}});
  CHECK(s.inputs[1] == InputSituation{});

  bench.push(1, barrier(1));
  const SubtaskSituation after = bench.subtask().situation();
  CHECK(after.handled == CheckpointId{1});
  CHECK(after.aligning == CheckpointId{2});  // its batch was taken, and then its barrier
  CHECK(after.inputs[0].batches == 0);
  CHECK(after.inputs[0].passed == CheckpointId{2});
  CHECK(after.records_in == 1);
}

TEST_CASE("an alignment that has a time says so", "[situation]") {
  Bench bench{copies({.checkpoint = {.unaligned = true, .aligned_timeout = 1s}}), "copies/0"};
  bench.start();
  bench.push(0, barrier(1, BarrierMode::aligned_then_unaligned));
  CHECK(bench.subtask().situation().overtakes_later);
  CHECK(bench.subtask().situation().inputs[0].is_blocked);
}

TEST_CASE("a subtask without credits says what waits for them", "[situation]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  for (int i = 0; i < 2; ++i) bench.push(0, std::vector<int>(3000, i));
  bench.push(1, barrier(1));
  bench.now() += 40ms;
  const SubtaskSituation s = bench.subtask().situation();
  REQUIRE(s.outputs.size() == 2);
  std::uint32_t waiting = 0;
  for (const OutputSituation& output : s.outputs) {
    CHECK(output.window == 2);
    CHECK(output.sent == output.window - output.credits);
    if (output.waiting != 0) CHECK(output.credits == 0);
    waiting += output.waiting;
  }
  CHECK(waiting != 0);
  CHECK(s.spent.back_pressured == 40ms);
  CHECK(s.inputs[0].batches == 1);
  CHECK(s.inputs[1].barriers == std::vector<WaitingBarrier>{{CheckpointId{1}, 0, false}});
}

TEST_CASE("a batch that is being handled is ahead of the barriers behind it", "[situation]") {
  Duration* clock = nullptr;
  Job job{"slow", {.network = {.batches_per_channel = 1}}};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .rebalance()
      .map("copies",
           [&clock](int n) {
             *clock += 20ms;  // so it is handled in slices, and they are sent on as time passes
             return n;
           })
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(2);
  Bench bench{job, "copies/0"};
  clock = &bench.now();
  bench.start();
  for (int i = 0; i < 10; ++i) bench.push(0, std::vector<int>(100, i));
  bench.push(0, barrier(1));
  const SubtaskSituation s = bench.subtask().situation();
  CHECK(s.records_in % 100 != 0);
  const auto begun = static_cast<std::uint32_t>(s.records_in / 100);
  CHECK(s.inputs[0].batches == 10 - begun);
  CHECK(s.inputs[0].barriers == std::vector<WaitingBarrier>{{CheckpointId{1}, 10 - begun, false}});
  CHECK(s.spent.longest_turn >= 20ms);
}

TEST_CASE("a snapshot is under way until it has been answered for", "[situation]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  for (std::uint32_t channel : {0U, 1U}) bench.push(channel, barrier(1));
  bench.now() += 5s;
  const SubtaskSituation s = bench.subtask().situation();
  REQUIRE(s.snapshots.size() == 1);
  CHECK(s.snapshots[0].id == CheckpointId{1});
  CHECK(s.snapshots[0].age == 5s);
  CHECK_FALSE(s.snapshots[0].is_recording);
  bench.do_work();
  CHECK(bench.subtask().situation().snapshots.empty());
}

TEST_CASE("a snapshot records until its barrier has come everywhere", "[situation]") {
  Bench bench{copies({.checkpoint = {.unaligned = true}}), "copies/0"};
  bench.start();
  bench.push(0, barrier(1, BarrierMode::unaligned));
  const SubtaskSituation s = bench.subtask().situation();
  REQUIRE(s.snapshots.size() == 1);
  CHECK(s.snapshots[0].is_recording);
  CHECK(s.handled == CheckpointId{1});
  CHECK(s.inputs[1].passed == CheckpointId{0});
  bench.push(1, barrier(1, BarrierMode::unaligned));
  CHECK_FALSE(bench.subtask().situation().snapshots[0].is_recording);
}
