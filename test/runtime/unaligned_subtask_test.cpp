// One subtask alone under barriers that overtake: what they leave behind, and what a restore makes
// of it.
#include "runtime/task/subtask_restore.hpp"
#include "state/channel_state.hpp"
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <utility>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using checkpoint::Barrier;
using checkpoint::BarrierMode;
using checkpoint::CheckpointKind;
using test::Bench;
using test::Trace;

namespace {

constexpr Duration kTimeout = 20ms;

Barrier unaligned(std::uint64_t id) {
  return {.id = CheckpointId{id}, .mode = BarrierMode::unaligned};
}
Barrier timed(std::uint64_t id, WallTime triggered_at) {
  return {.id = CheckpointId{id},
          .triggered_at = triggered_at,
          .mode = BarrierMode::aligned_then_unaligned};
}

JobOptions options() {
  return {.checkpoint = {.unaligned = true, .aligned_timeout = kTimeout},
          .network = {.batches_per_channel = 2}};
}

/// numbers/2 -> copies/1 -> out/2: each number is passed on as often as its last digit says.
Job copies() {
  Job job{"copies", options()};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .parallelism(2)
      .rebalance()
      .flat_map("copies",
                [](int n, Emit<int>& out) {
                  for (int i = 0; i < n % 10; ++i) out(n);
                })
      .parallelism(1)
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(2);
  return job;
}

/// Fills both outputs: nothing is taken any more.
void fill_outputs(Bench& bench) {
  for (int i = 0; i < 3; ++i) bench.push(0, {2});
  REQUIRE(bench.records_sent() == 6);
  REQUIRE(bench.records_left() == 4);
}

/// The numbers in a handle, in order.
std::vector<int> numbers_in(const state::ChannelStateHandle& handle, Env& env) {
  auto reader = state::open_batches(env, "/checkpoints/chk-1", handle);
  REQUIRE(reader.ok());
  std::vector<int> numbers;
  const detail::PlainEdge<int> edge;
  const Status status = state::for_each_batch(handle, *reader, [&](std::string_view bytes) {
    const detail::BatchRef batch = edge.decode(bytes);
    REQUIRE(batch);
    const auto& records = static_cast<const detail::Batch<int>&>(*batch).records;
    numbers.insert(numbers.end(), records.begin(), records.end());
    return Status{};
  });
  INFO(status.message());
  REQUIRE(status.ok());
  return numbers;
}

std::vector<int> received(const checkpoint::Ack& ack, Env& env) {
  for (const auto& handle : ack.state.channels) {
    if (handle.side == state::ChannelSide::received) return numbers_in(handle, env);
  }
  return {};
}

const Trace kForwarded{"aligning 1", "out 0: barrier 1", "out 1: barrier 1", "snapshotted 1"};

}  // namespace

TEST_CASE("a barrier overtakes what waits on input and output, and all of it is in the snapshot",
          "[subtask][unaligned]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  fill_outputs(bench);
  CHECK(bench.push(0, {11, 12}).empty());
  CHECK(bench.push(1, {21}).empty());
  CHECK(bench.push(0, unaligned(1)) == kForwarded);
  bench.push(0, {13});             // behind the barrier
  bench.push(1, {22});             // its barrier is still to come
  CHECK(bench.do_work().empty());  // the state is written; the answer waits for what is missing
  CHECK(bench.push(1, unaligned(1)).empty());
  bench.push(1, {23});
  REQUIRE(bench.waiting_work() == 1);
  CHECK(bench.do_work() == Trace{"ack 1"});
  const checkpoint::Ack& ack = bench.acks().at(0);
  CHECK(received(ack, bench.env()) == std::vector<int>{11, 12, 21, 22});
  std::vector<int> sent;
  for (const auto& handle : ack.state.channels) {
    if (handle.side != state::ChannelSide::sent) continue;
    CHECK(handle.edge == "copies -> out in turn");
    for (const int n : numbers_in(handle, bench.env())) sent.push_back(n);
  }
  CHECK(sent == std::vector<int>{2, 2});
  CHECK(ack.timings.overtaken_bytes == ack.state.overtaken_bytes());
  CHECK(ack.timings.overtaken_bytes > 0);
  // Nothing is lost here either: all goes on behind the barrier.
  for (int i = 0; i < 30; ++i) {
    bench.credit(0, 1);
    bench.credit(1, 1);
  }
  CHECK(bench.records_left() == 6 + 1 + 2 + 3 + 1 + 2 + 3);
}

TEST_CASE("what is left of a batch that is being processed has been overtaken, too",
          "[subtask][unaligned]") {
  Bench bench{copies(), "copies/0"};
  REQUIRE(bench.env().create_directories("/checkpoints/chk-1").ok());
  bench.start();
  bench.push(0, std::vector<int>(20'000, 9));  // more than finds room on the way out
  const auto done = bench.subtask().counters().records_in;
  REQUIRE(done > 0);
  REQUIRE(done < 20'000);
  bench.push(0, unaligned(1));
  bench.push(1, unaligned(1));
  while (bench.acks().empty()) bench.do_work();
  CHECK(received(bench.acks().at(0), bench.env()).size() == 20'000 - done);
}

TEST_CASE("a timed barrier overtakes when its time is up, and says so", "[subtask][unaligned]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  const WallTime triggered = bench.wall();
  bench.now() += 5ms;
  CHECK(bench.push(0, timed(1, triggered)) == Trace{"aligning 1"});
  CHECK(bench.wakes_at() == bench.now() + 15ms);
  CHECK(bench.push(0, {11}).empty());  // behind the barrier
  bench.push(1, {21});
  bench.now() += 15ms;
  const Trace trace = bench.turn([](Subtask&) {});
  REQUIRE(trace.size() >= 3);
  CHECK(Trace{trace.begin(), trace.begin() + 3} ==
        Trace{"out 0: barrier 1", "out 1: barrier 1", "snapshotted 1"});
  CHECK_FALSE(bench.wakes_at());
  CHECK(bench.barriers().back().mode == BarrierMode::unaligned);
  bench.push(1, {22});
  bench.push(1, timed(1, triggered));
  while (bench.acks().empty()) bench.do_work();
  CHECK(received(bench.acks().at(0), bench.env()) == std::vector<int>{22});
}

TEST_CASE("all in time, a timed barrier is an aligned one", "[subtask][unaligned]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  const WallTime triggered = bench.wall();
  bench.push(0, timed(1, triggered));
  bench.push(0, {11});
  bench.push(1, timed(1, triggered));
  CHECK(bench.barriers().back().mode == BarrierMode::aligned_then_unaligned);
  CHECK(bench.do_work() == Trace{"ack 1"});
  CHECK(bench.acks().at(0).state.channels.empty());
  CHECK_FALSE(bench.wakes_at());
}

TEST_CASE("the answer waits until a barrier has left, or has overtaken, what waits for credits",
          "[subtask][unaligned]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  bench.push(0, {2});
  bench.push(0, {2});
  const WallTime triggered = bench.wall();
  bench.push(0, timed(1, triggered));
  // The last batch taken before the second barrier finds no credit.
  bench.push(1, {2});
  REQUIRE(bench.records_sent() - bench.records_left() == 2);
  const Trace trace = bench.push(1, timed(1, triggered));
  CHECK(trace.empty());  // no input is taken while something waits
  bench.credit(0, 1);
  SECTION("it leaves") {
    // Both barriers have come; on output 1 the last batch and the barrier still wait.
    CHECK(bench.credit(1, 1).size() >= 2);
    CHECK(bench.do_work() == Trace{"ack 1"});
    CHECK(bench.acks().at(0).state.channels.empty());
  }
  SECTION("it overtakes") {
    bench.now() += kTimeout;
    const Trace late = bench.turn([](Subtask&) {});
    CHECK(std::count(late.begin(), late.end(), "out 1: barrier 1") == 1);
    bench.do_work();
    while (bench.acks().empty()) bench.do_work();
    CHECK(bench.acks().at(0).state.overtaken_bytes() > 0);
  }
}

TEST_CASE("a barrier on the way out overtakes when its time is up", "[subtask][unaligned]") {
  testing::ReplayLog<int> input{std::vector<int>(100'000, 2)};
  Job job{"numbers", options()};
  job.source("numbers", input.source())
      .parallelism(1)
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(2);
  Bench bench{job, "numbers/0"};
  bench.start();
  bench.turn([](Subtask& s) { s.on_splits({{{"0"}, std::nullopt}}, true); });
  const WallTime triggered = bench.wall();
  bench.turn([&](Subtask& s) { s.on_trigger(timed(1, triggered)); });
  const auto held = bench.records_sent() - bench.records_left();
  REQUIRE(held > 0);
  CHECK(bench.wakes_at() == bench.now() + kTimeout);
  CHECK(bench.do_work().empty());
  SECTION("it overtakes") {
    bench.now() += kTimeout;
    const Trace trace = bench.turn([](Subtask&) {});
    CHECK(std::count_if(trace.begin(), trace.end(),
                        [](const std::string& line) { return line.ends_with("barrier 1"); }) >= 1);
    CHECK(bench.barriers().back().mode == BarrierMode::unaligned);
    CHECK(bench.do_work() == Trace{"ack 1"});
    std::size_t sent = 0;
    for (const auto& handle : bench.acks().at(0).state.channels)
      sent += numbers_in(handle, bench.env()).size();
    CHECK(sent == held);
  }
  SECTION("it leaves in time") {
    Trace trace;
    for (int i = 0; i < 8 && bench.acks().empty(); ++i) {
      for (std::uint32_t c : {0U, 1U}) {
        for (const std::string& line : bench.credit(c, 1)) trace.push_back(line);
      }
      if (bench.waiting_work() != 0) bench.do_work();
    }
    REQUIRE(bench.acks().size() == 1);
    CHECK(bench.acks()[0].state.channels.empty());
  }
  SECTION("the checkpoint is off") {
    bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{1}); });
    bench.now() += kTimeout;
    bench.turn([](Subtask&) {});
    CHECK(bench.waiting_work() == 0);
    CHECK(bench.acks().empty());
    CHECK_FALSE(bench.wakes_at());
  }
}

TEST_CASE("a barrier that comes too early waits until the subtask has begun",
          "[subtask][unaligned]") {
  Bench bench{copies(), "copies/0"};
  CHECK(bench.push(0, {11}).empty());
  CHECK(bench.push(0, unaligned(1)).empty());
  const Trace trace = bench.start();
  REQUIRE(trace.size() >= 4);
  CHECK(Trace{trace.begin(), trace.begin() + 4} == kForwarded);
  bench.push(1, unaligned(1));
  while (bench.acks().empty()) bench.do_work();
  CHECK(received(bench.acks().at(0), bench.env()) == std::vector<int>{11});
}

TEST_CASE("a checkpoint that is off is recorded no longer", "[subtask][unaligned]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  bench.push(0, unaligned(1));
  bench.do_work();
  SECTION("said by the coordinator") {
    bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{1}); });
    bench.push(1, unaligned(1));
  }
  SECTION("known from a newer one") {
    bench.push(1, unaligned(2));
    bench.push(0, unaligned(2));
  }
  while (bench.waiting_work() != 0) bench.do_work();
  for (const auto& ack : bench.acks()) CHECK(ack.id == CheckpointId{2});
}

TEST_CASE("the barrier of a checkpoint that was given up does not end what is recorded now",
          "[subtask][unaligned]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  bench.push(0, unaligned(2));
  bench.push(1, unaligned(1));  // late
  bench.push(1, {21});
  bench.push(1, unaligned(2));
  while (bench.acks().empty()) bench.do_work();
  CHECK(bench.acks().at(0).id == CheckpointId{2});
  CHECK(received(bench.acks().at(0), bench.env()) == std::vector<int>{21});
}

TEST_CASE("what cannot be written of it declines the checkpoint", "[subtask][unaligned]") {
  Bench bench{copies(), "copies/0"};
  bench.start();
  fill_outputs(bench);
  bench.push(0, std::vector<int>(30'000, 123'456'789));  // more than fits into the metadata
  bench.push(0, unaligned(1));
  bench.push(1, unaligned(1));
  bench.do_work();
  REQUIRE(bench.waiting_work() == 1);
  const Trace trace = bench.do_work();  // nobody has made the directory of the checkpoint
  REQUIRE(trace.size() == 1);
  CHECK_THAT(trace[0], Catch::StartsWith("decline 1: "));
}

namespace {

RecoveredBatch recovered(std::vector<int> numbers) {
  auto* batch = new detail::Batch<int>;
  batch->records = std::move(numbers);
  return {1, 0, detail::BatchRef{batch}};
}

}  // namespace

TEST_CASE("what was recovered comes first, and what is left of it is in the next snapshot",
          "[subtask][unaligned]") {
  Bench bench{copies(), "copies/0"};
  REQUIRE(bench.env().create_directories("/checkpoints/chk-1").ok());
  std::vector<RecoveredBatch> batches;
  std::vector<int> all;
  for (int n = 1; n <= 20; ++n) {
    batches.push_back(recovered(std::vector<int>(1000, n)));
    all.insert(all.end(), 1000, n);
  }
  all.push_back(99);
  bench.subtask().recover(std::move(batches));
  bench.push(0, {99});
  bench.start();
  REQUIRE(bench.records_sent() > bench.records_left());  // the outputs are full
  const auto taken = bench.subtask().counters().records_in;
  REQUIRE(taken < 20'000);
  bench.push(0, unaligned(1));
  bench.push(1, unaligned(1));
  while (bench.acks().empty()) bench.do_work();
  CHECK(received(bench.acks().at(0), bench.env()) ==
        std::vector<int>(all.begin() + static_cast<std::ptrdiff_t>(taken), all.end()));
}

TEST_CASE("an aligned barrier has its turn only behind what was recovered",
          "[subtask][unaligned]") {
  Bench bench{copies(), "copies/0"};
  std::vector<RecoveredBatch> batches;
  for (int i = 0; i < 20; ++i) batches.push_back(recovered(std::vector<int>(1000, 1)));
  bench.subtask().recover(std::move(batches));
  const Barrier savepoint{.id = CheckpointId{1}};
  bench.push(0, savepoint);
  bench.push(1, savepoint);
  bench.start();
  CHECK(bench.barriers().empty());
  for (int i = 0; i < 100 && bench.barriers().empty(); ++i) {
    bench.credit(0, 1);
    bench.credit(1, 1);
  }
  CHECK(bench.subtask().counters().records_in == 20'000);
  CHECK(bench.barriers().size() == 2);
  CHECK(bench.do_work() == Trace{"ack 1"});
}
