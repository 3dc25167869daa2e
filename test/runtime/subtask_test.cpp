// One subtask alone: each step of the protocol as the subtask sees it.
#include "runtime/task/state_restore.hpp"
#include "test/runtime/copies_job.hpp"
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <numeric>
#include <utility>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using checkpoint::Barrier;
using checkpoint::CheckpointKind;
using checkpoint::FailureReason;
using test::Bench;
using test::copies;
using test::Trace;

namespace {

using Count = std::pair<int, std::int64_t>;

Barrier barrier(std::uint64_t id, CheckpointKind kind = CheckpointKind::periodic) {
  return {.id = CheckpointId{id}, .kind = kind};
}

/// numbers/2 -> counts/1 -> log, the last two in one chain.
Job counts(const testing::TransactionLog<Count>& log, JobOptions options = {}) {
  Job job{"counts", options};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .parallelism(2)
      .key_by(std::identity{})
      .count("counts")
      .parallelism(1)
      .sink("out", log.sink())
      .parallelism(1);
  return job;
}

/// Begins, counts 7 twice and 8 once, and freezes that for checkpoint 1, which goes to a file.
void freeze_counts(Bench& bench) {
  REQUIRE(bench.env().create_directories("/checkpoints/chk-1").ok());
  bench.start();
  bench.push(0, {7, 7, 8});
  bench.push(0, barrier(1));
  bench.push(1, barrier(1));
}

}  // namespace

TEST_CASE("before it begins, a subtask declines what it is asked for", "[subtask]") {
  testing::ReplayLog<int> input{{1, 2, 3}};
  Job job{"numbers"};
  job.source("numbers", input.source()).sink("out", testing::TransactionLog<int>{}.sink());
  Bench bench{job, "numbers/0"};
  CHECK(bench.turn([](Subtask& s) { s.on_trigger(barrier(1)); }) ==
        Trace{"decline 1: " + std::string{checkpoint::describe(FailureReason::tasks_not_running)}});
  CHECK_FALSE(checkpoint::is_counted(FailureReason::tasks_not_running));
  bench.start();
  CHECK(bench.turn([](Subtask& s) { s.on_trigger(barrier(2)); }) == Trace{"snapshotted 2"});
}

TEST_CASE(
    "a barrier holds its channel back until it has come on all, and leaves before the "
    "snapshot is stored",
    "[subtask]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  CHECK(bench.push(0, {1, 1}) == Trace{"out 0: 1 records", "out 1: 1 records"});
  CHECK(bench.push(0, barrier(1)) == Trace{"aligning 1"});
  CHECK(bench.push(0, {1, 1, 1, 1}).empty());  // behind the barrier: held back
  CHECK(bench.push(1, {1, 1}) == Trace{"out 0: 1 records", "out 1: 1 records"});
  bench.now() = 5ms;
  // The barrier, the snapshot, and only then what was held back.
  CHECK(bench.push(1, barrier(1)) == Trace{"out 0: barrier 1", "out 1: barrier 1", "snapshotted 1",
                                           "out 0: 2 records", "out 1: 2 records"});
  REQUIRE(bench.waiting_work() == 1);
  CHECK(bench.do_work() == Trace{"ack 1"});
  REQUIRE(bench.acks().size() == 1);
  CHECK(bench.acks()[0].timings.alignment == 5ms);
  CHECK_FALSE(bench.acks()[0].state.is_finished);
}

TEST_CASE("at least once, a barrier is counted and holds nothing back", "[subtask]") {
  Bench bench{copies({.checkpoint = {.guarantee = Guarantee::at_least_once}}), "copies/0"};
  bench.start();
  CHECK(bench.push(0, barrier(1)) == Trace{"aligning 1"});
  CHECK(bench.push(0, {1, 1}) == Trace{"out 0: 1 records", "out 1: 1 records"});
  CHECK(bench.push(1, barrier(1)) ==
        Trace{"out 0: barrier 1", "out 1: barrier 1", "snapshotted 1"});
}

TEST_CASE("a snapshot holds what was counted before its barrier and nothing behind it",
          "[subtask]") {
  testing::TransactionLog<Count> log;
  const Job job = counts(log);
  Bench bench{job, "counts/0"};
  bench.start();
  bench.push(0, {7, 7, 8});
  bench.push(0, barrier(1));
  bench.push(0, {7, 9});
  bench.push(1, {8});
  bench.push(1, barrier(1));
  bench.push(1, {7, 7, 7});  // the state changes while it waits to be stored
  CHECK(log.pending() == 1);
  CHECK(bench.do_work() == Trace{"ack 1"});
  const state::SubtaskState& state = bench.acks().at(0).state;
  REQUIRE(state.keyed.size() == 1);
  CHECK(state.keyed[0].rows == 2);
  REQUIRE(state.sinks.size() == 1);
  CHECK(state.sinks[0].transactions.size() == 1);

  // What another subtask restores from it goes on counting there.
  testing::TransactionLog<Count> restored_log;
  const Job same = counts(restored_log);
  Bench restored{same, "counts/0"};
  const RestoreOrder order{
      .restore = {.keyed = state.keyed}, .directory = "/checkpoints", .env = &restored.env()};
  REQUIRE(read_state(order, restored.subtask().states()).ok());
  restored.start();
  restored.push(0, {7, 8, 9});
  restored.push(0, barrier(2));
  restored.push(1, barrier(2));
  restored.do_work();
  restored.turn([](Subtask& s) { s.on_completed(CheckpointId{2}, false); });
  restored.do_work();
  CHECK(restored_log.committed() == std::vector<Count>{{7, 3}, {8, 3}, {9, 1}});
}

TEST_CASE("a snapshot that cannot be written just now is written later, whole", "[subtask]") {
  Bench bench{counts({}, {.checkpoint = {.inline_threshold = 0}}), "counts/0"};
  freeze_counts(bench);
  bench.push(0, {7, 9});  // the frozen state stays as it was
  bench.disk().refuse(ErrorCode::unavailable, 3);
  Trace trace;
  while (bench.acks().empty()) {
    for (std::string& line : bench.do_work()) trace.push_back(std::move(line));
  }
  const std::string again = "write 1 again: /checkpoints/chk-1/counts-0-1.state: refused";
  CHECK(trace == Trace{again, again, again, "ack 1"});
  const checkpoint::Ack& ack = bench.acks().at(0);
  CHECK(ack.timings.write_retries == 3);
  CHECK(ack.timings.async >= 100ms + 150ms + 300ms);  // the pauses, less what is random in them
  REQUIRE(ack.state.keyed.size() == 1);
  CHECK(ack.state.keyed[0].rows == 2);
  CHECK(ack.state.keyed[0].path == "counts-0-1.state");
}

TEST_CASE("a snapshot is not tried again for ever, nor for nobody, nor in vain", "[subtask]") {
  Bench bench{counts({}, {.checkpoint = {.inline_threshold = 0}}), "counts/0"};
  freeze_counts(bench);
  Trace last;
  SECTION("when its time is over") {
    bench.disk().refuse(ErrorCode::unavailable, 1000);
    int attempts = 0;
    while (last.empty() || !last[0].starts_with("decline")) {
      last = bench.do_work();
      REQUIRE(++attempts < 100);
    }
    CHECK_THAT(last[0], Catch::Contains("decline 1: "));
    CHECK(bench.now() <= 10s);
    CHECK(bench.now() > 7s);
  }
  SECTION("when the checkpoint is off") {
    bench.disk().refuse(ErrorCode::unavailable, 1000);
    CHECK_THAT(bench.do_work().at(0), Catch::StartsWith("write 1 again"));
    bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{1}); });
    last = bench.do_work();  // the pause is over
    last = bench.do_work();
    CHECK_THAT(last.at(0), Catch::StartsWith("decline 1: "));
  }
  SECTION("when somebody has to make room") {
    bench.disk().refuse(ErrorCode::out_of_space, 1);
    CHECK_THAT(bench.do_work().at(0), Catch::StartsWith("decline 1: "));
  }
  CHECK(bench.waiting_work() == 0);
}

TEST_CASE("what a sink has prepared is committed when its checkpoint has completed, in order",
          "[subtask]") {
  testing::TransactionLog<Count> log;
  const Job job = counts(log);
  Bench bench{job, "counts/0"};
  bench.start();
  for (std::uint64_t id = 1; id <= 3; ++id) {
    bench.push(0, {5});
    bench.push(0, barrier(id));
    bench.push(1, barrier(id));
    bench.do_work();
  }
  CHECK(log.committed().empty());
  const auto completed = [&](std::uint64_t id, bool is_last = false) {
    return bench.turn([&](Subtask& s) { s.on_completed(CheckpointId{id}, is_last); });
  };
  // The news of checkpoint 1 is lost; that of 2 commits both, and that of 3 waits its turn.
  completed(2);
  completed(3);
  REQUIRE(bench.waiting_work() == 1);
  bench.do_work();
  CHECK(log.committed() == std::vector<Count>{{5, 1}, {5, 2}});
  bench.do_work();
  CHECK(log.committed() == std::vector<Count>{{5, 1}, {5, 2}, {5, 3}});
  completed(1);
  completed(3);
  CHECK(bench.waiting_work() == 0);
}

TEST_CASE("a subtask ends when the last checkpoint has completed and all is committed",
          "[subtask]") {
  testing::TransactionLog<Count> log;
  const Job job = counts(log);
  Bench bench{job, "counts/0"};
  bench.start();
  bench.push(0, {5});
  CHECK(bench.push(0, EndOfData{}).empty());
  bench.push(1, {6});
  CHECK(bench.push(1, EndOfData{}) == Trace{"drained"});
  bench.push(0, barrier(1));  // barriers still come
  CHECK(bench.push(1, barrier(1)) == Trace{"snapshotted 1"});
  CHECK(bench.do_work() == Trace{"ack 1"});
  CHECK(bench.acks().at(0).state.is_finished);
  CHECK(bench.turn([](Subtask& s) { s.on_completed(CheckpointId{1}, true); }).empty());
  CHECK(bench.do_work() == Trace{"done"});
  CHECK(log.committed().size() == 2);
}

TEST_CASE("the end of the input leaves behind everything else, once", "[subtask]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  CHECK(bench.push(1, EndOfData{}).empty());
  bench.push(0, {3});
  CHECK(bench.push(0, EndOfData{}) == Trace{"out 0: end", "out 1: end", "drained"});
  CHECK(bench.push(0, barrier(1)) == Trace{"aligning 1"});
  CHECK(bench.push(1, barrier(1)) ==
        Trace{"out 0: barrier 1", "out 1: barrier 1", "snapshotted 1"});
}

TEST_CASE("the end of one channel does not end an alignment", "[subtask]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  bench.push(0, barrier(1));
  CHECK(bench.push(1, EndOfData{}).empty());
  CHECK(bench.push(1, barrier(1)) ==
        Trace{"out 0: barrier 1", "out 1: barrier 1", "snapshotted 1"});
  bench.push(0, EndOfData{});
}

TEST_CASE("a cancelled checkpoint frees its channel, is passed on, and stays cancelled",
          "[subtask]") {
  const Trace passed_on{"out 0: cancel 1", "out 1: cancel 1"};
  const Trace freed{"out 0: cancel 1", "out 1: cancel 1", "out 0: 1 records", "out 1: 1 records"};
  for (const bool by_channel : {true, false}) {
    CAPTURE(by_channel);
    Bench bench{copies(), "copies/0"};
    bench.start();
    bench.push(0, barrier(1));
    CHECK(bench.push(0, {1, 1}).empty());
    if (by_channel)
      CHECK(bench.push(1, CancelBarrier{CheckpointId{1}}).size() == 5);  // declined as well
    else
      CHECK(bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{1}); }) == freed);
    CHECK(bench.push(1, barrier(1)).empty());
    CHECK(bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{1}); }).empty());
    CHECK(bench.waiting_work() == 0);
  }
  Bench early{copies(), "copies/0"};  // before any barrier
  early.start();
  CHECK(early.push(0, CancelBarrier{CheckpointId{1}}) == passed_on);
  CHECK(early.push(1, barrier(1)).empty());
}

TEST_CASE("a newer barrier declines the older one", "[subtask]") {
  const std::string declined =
      "decline 1: " + std::string{checkpoint::describe(FailureReason::alignment_aborted)};
  Bench bench{copies(), "copies/0"};
  bench.start();
  bench.push(0, barrier(1));
  CHECK(bench.push(1, barrier(2)) ==
        Trace{declined, "out 0: cancel 1", "out 1: cancel 1", "aligning 2"});
  CHECK(bench.push(0, barrier(2)) ==
        Trace{"out 0: barrier 2", "out 1: barrier 2", "snapshotted 2"});
}

TEST_CASE("the end of a newer checkpoint leaves the older one whole", "[subtask]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  bench.push(0, barrier(1));
  CHECK(bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{2}); }).empty());
  CHECK(bench.push(1, barrier(1)) ==
        Trace{"out 0: barrier 1", "out 1: barrier 1", "snapshotted 1"});
  CHECK(bench.push(0, barrier(2)) == Trace{"out 0: cancel 2", "out 1: cancel 2"});
  CHECK(bench.push(1, barrier(2)).empty());
}

TEST_CASE("a gap in a channel fails the subtask, which then does nothing any more", "[subtask]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  CHECK(bench.turn([](Subtask& s) {
    s.on_frame(ChannelIndex{0}, {2, EndOfData{}});
  }) == Trace{"failed: : channel 0 expected frame 1 and received 2"});
  CHECK(bench.push(0, {1, 1}).empty());
  CHECK(bench.push(1, barrier(1)).empty());
  CHECK(bench.turn([](Subtask& s) { s.on_completed(CheckpointId{1}, true); }).empty());
}

TEST_CASE("a commit that fails fails the subtask, which then does nothing any more", "[subtask]") {
  testing::TransactionLog<Count> log;
  const Job job = counts(log);
  Bench bench{job, "counts/0"};
  bench.start();
  bench.push(0, {5});
  bench.push(0, barrier(1));
  bench.push(1, barrier(1));
  bench.do_work();
  log.fail_commits(1);
  bench.turn([](Subtask& s) { s.on_completed(CheckpointId{1}, false); });
  CHECK(bench.do_work() == Trace{"failed: out: commit failed: the log refuses commits"});
  CHECK(bench.push(0, barrier(2)).empty());
  CHECK(bench.push(1, barrier(2)).empty());
  CHECK(bench.turn([](Subtask& s) { s.on_completed(CheckpointId{1}, true); }).empty());
  CHECK(bench.waiting_work() == 0);
}

TEST_CASE("a stop barrier lets nothing follow, unless its checkpoint is aborted", "[subtask]") {
  std::vector<int> rows(20'000);
  std::iota(rows.begin(), rows.end(), 0);
  testing::ReplayLog<int> input{rows, 1, {.rows_per_poll = 10, .pause = 1ms}};
  Job job{"numbers"};
  job.source("numbers", input.source())
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(2);
  Bench bench{job, "numbers/0"};
  CHECK(bench.start() == Trace{"request splits"});
  bench.turn([](Subtask& s) { s.on_splits({{Split{"0"}, std::nullopt}}, true); });
  const auto records = bench.records_sent();
  CHECK(records == 10);
  CHECK(bench.turn([](Subtask& s) { s.on_trigger(barrier(1, CheckpointKind::stop)); }) ==
        Trace{"out 0: barrier 1", "out 1: barrier 1", "snapshotted 1"});
  bench.now() += 1ms;
  CHECK(bench.turn([](Subtask&) {}).empty());
  CHECK(bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{1}); }).size() == 2);
  CHECK(bench.records_sent() == 20);
}

TEST_CASE("a source's position and its barrier are one step", "[subtask]") {
  testing::ReplayLog<int> input{{1, 2, 3, 4, 5, 6}, 2, {.rows_per_poll = 1, .pause = 1ms}};
  Job job{"numbers"};
  job.source("numbers", input.source())
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(2);
  Bench bench{job, "numbers/0"};
  bench.start();
  const std::vector<state::SplitPosition> splits{{Split{"0"}, std::nullopt},
                                                 {Split{"1"}, std::nullopt}};
  bench.turn([&](Subtask& s) { s.on_splits(splits, true); });
  CHECK(bench.records_sent() == 1);
  bench.turn([](Subtask& s) { s.on_trigger(barrier(1)); });
  bench.now() += 1ms;
  bench.turn([](Subtask&) {});
  CHECK(bench.records_sent() == 2);
  CHECK(bench.do_work() == Trace{"ack 1"});
  const auto& sources = bench.acks().at(0).state.sources;
  REQUIRE(sources.size() == 1);
  REQUIRE(sources[0].splits.size() == 2);
  // Of split 0 one row was read before the barrier, whatever was read since; 1 had not begun.
  ByteReader position{*sources[0].splits[0].position};
  CHECK(detail::decode<std::uint64_t>(position) == 2);
  CHECK_FALSE(sources[0].splits[1].position);
}
