// One subtask alone whose records go round: what it takes in, what its checkpoints hold, and when
// it ends.
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
using checkpoint::CheckpointKind;
using test::Bench;
using test::Trace;

namespace {

// Channels of count/0.
constexpr std::uint32_t kFirst = 0;
constexpr std::uint32_t kSecond = 1;
constexpr std::uint32_t kFedBack = 2;
constexpr std::uint32_t kOut = 0;
constexpr std::uint32_t kBack = 1;

constexpr int kBatchesMost = 128;

Barrier barrier(std::uint64_t id, CheckpointKind kind = CheckpointKind::periodic) {
  return {.id = CheckpointId{id}, .kind = kind};
}

/// numbers/2 -> count/1 -> out/1: each number is counted down to 0 in rounds. A negative one is
/// passed on at once.
Job count_down() {
  Job job{"count", {.network = {.batches_per_channel = 2, .batches_per_iteration = kBatchesMost}}};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .parallelism(2)
      .rebalance()
      .iterate("count",
               [](const Stream<int>& in) {
                 const auto next = in.map("less", [](int n) { return n - 1; });
                 return Round<int, int>{
                     .again = next.filter("open", [](int n) { return n > 0; }),
                     .out = next.filter("done", [](int n) { return n <= 0; }).rebalance()};
               })
      .sink("out", testing::TransactionLog<int>{}.sink());
  return job;
}

ChannelIndex channel(std::uint32_t index) {
  return ChannelIndex{index};
}
std::string out(std::uint32_t to, const std::string& what) {
  return "out " + std::to_string(to) + ": " + what;
}
constexpr auto kGrant = "grant 2: 1";  // for what is fed back

/// The numbers in the only handle of a snapshot.
std::vector<int> recorded(const checkpoint::Ack& ack, Env& env) {
  REQUIRE(ack.state.channels.size() == 1);
  const state::ChannelStateHandle& handle = ack.state.channels[0];
  CHECK(handle.edge == "open -> count in turn");
  auto reader = state::open_batches(env, "/checkpoints/chk-1", handle);
  REQUIRE(reader.ok());
  std::vector<int> numbers;
  REQUIRE(state::for_each_batch(handle, *reader, [&](std::string_view bytes) {
            const detail::BatchRef batch = detail::PlainEdge<int>{}.decode(bytes);
            for (const int n : static_cast<const detail::Batch<int>&>(*batch).records)
              numbers.push_back(n);
            return Status{};
          }).ok());
  return numbers;
}

}  // namespace

TEST_CASE("what is fed back is taken in whatever waits for credits", "[subtask][iteration]") {
  Bench bench{count_down(), "count/0"};
  bench.start();
  bench.push(kFirst, {5});  // one batch to itself
  bench.push(kFirst, {5});
  bench.push(kFirst, {5});  // made, but not sent
  REQUIRE(bench.batches() == 2);
  // All its credits are gone, so it takes nothing; but its sender gets credits, which is itself.
  CHECK(bench.push(kFedBack, {4}) == Trace{kGrant});
  CHECK(bench.push(kFedBack, {4}) == Trace{kGrant});
  CHECK(bench.credit(kBack, 1) == Trace{out(kBack, "1 records")});
}

TEST_CASE("event time does not go round", "[subtask][iteration][event_time]") {
  Bench bench{count_down(), "count/0"};
  bench.start();
  const Watermark mark{Timestamp{5ms}};
  bench.push(kFirst, mark);
  CHECK(bench.push(kSecond, mark) == Trace{out(kOut, "watermark 5")});
}

TEST_CASE("a barrier does not wait for what goes round, its snapshot does",
          "[subtask][iteration]") {
  Bench bench{count_down(), "count/0"};
  bench.start();
  bench.push(kFirst, {3});
  bench.push(kFirst, barrier(1));
  CHECK(bench.push(kSecond, barrier(1)) ==
        Trace{out(kOut, "barrier 1"), out(kBack, "barrier 1"), "snapshotted 1"});
  bench.push(kFedBack, {2});
  bench.push(kSecond, {9});  // has nothing to do with it
  bench.push(kFedBack, {7});
  CHECK(bench.acks().empty());
  bench.push(kFedBack, barrier(1));
  bench.push(kFedBack, {8});  // comes behind it
  while (bench.waiting_work() != 0) bench.do_work();
  REQUIRE(bench.acks().size() == 1);
  CHECK(recorded(bench.acks()[0], bench.env()) == std::vector<int>{2, 7});
}

TEST_CASE("without records on their way a snapshot holds none", "[subtask][iteration]") {
  Bench bench{count_down(), "count/0"};
  bench.start();
  bench.push(kFirst, barrier(1));
  bench.push(kSecond, barrier(1));
  bench.push(kFedBack, barrier(1));
  while (bench.waiting_work() != 0) bench.do_work();
  REQUIRE(bench.acks().size() == 1);
  CHECK(bench.acks()[0].state.channels.empty());
}

TEST_CASE("records that went round come first after a restore", "[subtask][iteration]") {
  Bench bench{count_down(), "count/0"};
  auto* batch = new detail::Batch<int>;
  batch->records = {3, 4};
  const auto edges = Plan::build(count_down().graph(), 128).edges();
  const auto back = std::find_if(edges.begin(), edges.end(), [](auto& e) { return e.is_feedback; });
  std::vector<RecoveredBatch> recovered;
  recovered.push_back(
      {1, static_cast<std::uint32_t>(back - edges.begin()), detail::BatchRef{batch}});
  bench.subtask().recover(std::move(recovered));
  CHECK(bench.start() == Trace{out(kBack, "2 records")});
}

TEST_CASE("a subtask ends when nothing goes round any more", "[subtask][iteration]") {
  Bench bench{count_down(), "count/0"};
  bench.start();
  bench.push(kFirst, EndOfData{});
  CHECK(bench.push(kSecond, EndOfData{}) ==
        Trace{out(kOut, "busy probe 1"), out(kBack, "busy probe 1")});
  CHECK(bench.push(kFedBack, {2}) == Trace{kGrant, out(kBack, "1 records")});
  const VertexId self{1};
  CHECK(bench.push(kFedBack, EndProbe{self, 1, true}) ==
        Trace{out(kOut, "busy probe 2"), out(kBack, "busy probe 2")});
  CHECK(bench.push(kFedBack, {1}) == Trace{kGrant, out(kOut, "1 records")});
  bench.push(kFedBack, EndProbe{self, 2, true});
  CHECK(bench.push(kFedBack, EndProbe{self, 3, true}) ==
        Trace{out(kOut, "quiet probe 4"), out(kBack, "quiet probe 4")});
  CHECK(bench.push(kFedBack, EndProbe{self, 4, false}) ==
        Trace{out(kOut, "end"), out(kBack, "end"), "drained"});
  CHECK(bench.push(kFedBack, EndOfData{}).empty());

  const Trace failed = bench.push(kFedBack, {1});
  REQUIRE(failed.size() == 2);
  CHECK(failed[1].find("after its end: an operator in it emits at the end of its input") !=
        std::string::npos);
}

TEST_CASE("the barrier of a drain finds nothing that goes round", "[subtask][iteration]") {
  Bench bench{count_down(), "count/0"};
  bench.start();
  for (const std::uint32_t channel : {kFirst, kSecond}) bench.push(channel, EndOfData{});
  bench.push(kFirst, barrier(1, CheckpointKind::drain));
  CHECK(bench.push(kSecond, barrier(1, CheckpointKind::drain)).empty());  // waits for the end
  bench.push(kFedBack, {1});
  const VertexId self{1};
  bench.push(kFedBack, EndProbe{self, 1, true});
  bench.push(kFedBack, EndProbe{self, 2, true});
  const Trace trace = bench.push(kFedBack, EndProbe{self, 3, false});
  CHECK(trace == Trace{out(kOut, "end"), out(kBack, "end"), "drained", out(kOut, "barrier 1"),
                       out(kBack, "barrier 1"), "snapshotted 1"});
  while (bench.waiting_work() != 0) bench.do_work();
  REQUIRE(bench.acks().size() == 1);
  CHECK(bench.acks()[0].state.channels.empty());
}

TEST_CASE("behind a stop nothing goes round, until that is off", "[subtask][iteration]") {
  Bench bench{count_down(), "count/0"};
  bench.start();
  bench.push(kFirst, {3});
  bench.push(kFirst, barrier(1, CheckpointKind::stop));
  bench.push(kSecond, barrier(1, CheckpointKind::stop));
  CHECK(bench.push(kFedBack, {2}) == Trace{kGrant});
  bench.push(kFedBack, barrier(1, CheckpointKind::stop));
  while (bench.waiting_work() != 0) bench.do_work();
  REQUIRE(bench.acks().size() == 1);
  CHECK(recorded(bench.acks()[0], bench.env()) == std::vector<int>{2});
  CHECK(bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{1}); }) ==
        Trace{out(kBack, "1 records")});
}

TEST_CASE("an iteration whose records multiply fails before memory is full",
          "[subtask][iteration]") {
  Bench bench{count_down(), "count/0"};
  bench.start();
  for (int i = 0; i < 3; ++i) bench.push(kFirst, {5});  // no credits are left
  for (int i = 0; i < kBatchesMost; ++i) bench.push(kFedBack, {5});
  const Trace failed = bench.push(kFedBack, {5});
  REQUIRE_FALSE(failed.empty());
  const std::string& text = failed.back();
  CHECK(text.find("more than 128 batches wait for their next round in the iteration \"count\"") !=
        std::string::npos);
  CHECK(text.find("raise weir.iteration.batches") != std::string::npos);
}

TEST_CASE("the gate announces what is fed back, and takes nothing new while that is much",
          "[gates][iteration]") {
  InputGate gate{2, 8};
  gate.set_feedback(channel(1));
  const auto push = [&](std::uint32_t to, std::uint64_t sequence) {
    REQUIRE(gate.push(channel(to), {sequence, detail::BatchRef{new detail::Batch<int>}}).ok());
  };
  REQUIRE(gate.push(channel(0), {1, barrier(1)}).ok());
  CHECK_FALSE(gate.next_announced());
  CHECK(gate.next());
  REQUIRE(gate.push(channel(1), {1, barrier(1)}).ok());
  CHECK(gate.next_announced()->channel == channel(1));  // what was recorded ends here
  CHECK(gate.next());
  for (std::uint64_t n = 2; n <= 101; ++n) push(1, n);
  for (std::uint64_t n = 2; n <= 11; ++n) push(0, n);
  CHECK(gate.fed_back() == 100);
  for (int i = 0; i < 36; ++i) CHECK(gate.next()->channel == channel(1));
  CHECK(gate.fed_back() == 64);
  int fed_back = 0;  // from now on both take turns
  for (int i = 0; i < 20; ++i) fed_back += gate.next()->channel == channel(1) ? 1 : 0;
  CHECK(fed_back == 10);
  // Unless there is nothing new, or what is fed back is held.
  CHECK(gate.next()->channel == channel(1));
  push(0, 12);
  gate.block(channel(1));
  CHECK(gate.next()->channel == channel(0));
  CHECK_FALSE(gate.next());
  gate.unblock(channel(1));
  CHECK(gate.next()->channel == channel(1));
}
