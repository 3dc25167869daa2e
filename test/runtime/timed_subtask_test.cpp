// Timers in a subtask: when it wakes for them, and what they share its turns with.
#include "runtime/task/state_restore.hpp"
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using checkpoint::Barrier;
using checkpoint::CheckpointKind;
using test::Bench;
using test::Trace;

namespace {

constexpr int kBomb = 13;

/// n sets a processing timer for n ms, -n an event timer. What fires is passed on.
class Alarms final : public KeyedProcess<int, int, int> {
public:
  void on_record(const int& n, Ctx& ctx, Emit<int>&) override {
    const Timestamp at{std::chrono::milliseconds{std::abs(n)}};
    (n > 0 ? ctx.processing_timers() : ctx.event_timers()).at(at);
  }
  void on_timer(Timestamp at, Ctx& ctx, Emit<int>& out) override {
    if (at == Timestamp{std::chrono::milliseconds{kBomb}}) throw std::runtime_error{"it rings"};
    out(ctx.key());
  }
};

/// numbers/2 -> alarms/1 -> out/1
Job alarms() {
  Job job{"alarms"};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .parallelism(2)
      .key_by(std::identity{})
      .process<Alarms>("alarms")
      .parallelism(1)
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(1);
  return job;
}

Barrier barrier(std::uint64_t id, CheckpointKind kind = CheckpointKind::periodic) {
  return {.id = CheckpointId{id}, .kind = kind};
}

std::vector<int> numbers(int from, int to) {
  std::vector<int> all(static_cast<std::size_t>(to - from));
  std::iota(all.begin(), all.end(), from);
  return all;
}

/// Sends elements down both channels before the subtask does anything; `sequence` is the first's.
Trace push_both(Bench& bench, std::uint64_t sequence, const std::vector<Element>& elements) {
  return bench.turn([&](Subtask& subtask) {
    for (const Element& element : elements) {
      for (const std::uint32_t channel : {0U, 1U})
        subtask.on_frame(ChannelIndex{channel}, {sequence, element});
      ++sequence;
    }
  });
}

/// Records that left before `until`, or in all.
int records_in(const Trace& trace, const std::string& until = "") {
  int sum = 0;
  for (const std::string& line : trace) {
    if (line == until) return sum;
    if (line.ends_with(" records")) sum += std::stoi(line.substr(line.find(": ") + 2));
  }
  return sum;
}

bool has(const Trace& trace, const std::string& line) {
  return std::find(trace.begin(), trace.end(), line) != trace.end();
}

}  // namespace

TEST_CASE("a subtask wakes for a processing timer when its millisecond is over",
          "[subtask][timers]") {
  Bench bench{alarms(), "alarms/0"};
  bench.start();
  CHECK_FALSE(bench.wakes_at());
  CHECK(bench.push(0, {300, 100}).empty());
  CHECK(bench.wakes_at() == 101ms);
  bench.now() = 100ms + 999us;
  CHECK(bench.push(0, {100}).empty());  // set already
  CHECK(bench.wakes_at() == 101ms);
  bench.now() = 101ms;
  CHECK(bench.turn([](Subtask&) {}) == Trace{"out 0: 1 records"});
  CHECK(bench.wakes_at() == 301ms);
  bench.now() = 500ms;
  CHECK(bench.turn([](Subtask&) {}) == Trace{"out 0: 1 records"});
  CHECK_FALSE(bench.wakes_at());
  CHECK(bench.push(0, {400}) == Trace{"out 0: 1 records"});  // its time has passed: at once
}

TEST_CASE("event timers do not wake a subtask", "[subtask][timers]") {
  Bench bench{alarms(), "alarms/0"};
  bench.start();
  CHECK(bench.push(0, {-100}).empty());
  CHECK_FALSE(bench.wakes_at());
}

namespace {

/// Timers that are set for one time.
class OneTimer final : public detail::OperatorTimers {
public:
  explicit OneTimer(std::optional<Timestamp> at) : at_{at} {}
  void restore() override {}
  std::optional<Timestamp> next_processing() const override { return at_; }
  bool advance_processing_time(Timestamp to) override {
    if (at_ && *at_ <= to) at_.reset();
    return true;
  }

private:
  std::optional<Timestamp> at_;
};

std::optional<Duration> wait_for(std::optional<Timestamp> at, WallTime now) {
  OneTimer timer{at};
  ChainTimers timers;
  timers.add("op", timer);
  return timers.until_due(now);
}

}  // namespace

TEST_CASE("the wait for a timer is exact if it is short, and short if it is long",
          "[subtask][timers]") {
  const WallTime now{10s + 300us};
  const Timestamp at{10s};
  CHECK(wait_for(std::nullopt, now) == std::nullopt);
  CHECK(wait_for(at, now) == 700us);  // until its millisecond is over
  CHECK(wait_for(at + 5ms, now) == 5700us);
  CHECK(wait_for(at - 1ms, now) == 0s);
  CHECK(wait_for(Timestamp::min(), now) == 0s);
  // The wall clock may jump meanwhile.
  CHECK(*wait_for(at + 1h, now) <= 1001ms);
  CHECK(*wait_for(Timestamp::max(), now) <= 1001ms);
  CHECK(*wait_for(Timestamp::max(), now) >= 900ms);

  OneTimer timer{at};
  ChainTimers timers;
  timers.add("op", timer);
  CHECK_FALSE(timers.fire_due(WallTime{10s + 999us}));
  CHECK(timer.next_processing() == at);
  CHECK_FALSE(timers.fire_due(WallTime{1h}));  // it has jumped
  CHECK_FALSE(timer.next_processing());
}

TEST_CASE("once the input has ended all event timers fire, and no processing timer",
          "[subtask][timers]") {
  Bench bench{alarms(), "alarms/0"};
  bench.start();
  bench.push(0, {-500, -3, 50});
  bench.push(0, EndOfData{});
  CHECK(bench.push(1, EndOfData{}) == Trace{"out 0: 2 records", "out 0: end", "drained"});
  CHECK_FALSE(bench.wakes_at());
  bench.now() = 1s;
  CHECK(bench.turn([](Subtask&) {}).empty());
}

TEST_CASE("barriers pass while the last event timers fire, and the rest is in the snapshot",
          "[subtask][timers]") {
  constexpr int kTimers = 2000;
  Bench bench{alarms(), "alarms/0"};
  REQUIRE(bench.env().create_directories("/checkpoints/chk-1").ok());
  bench.start();
  bench.push(0, numbers(-kTimers - 20, -20));
  bench.push(1, std::vector<int>{});
  const Trace trace = push_both(bench, 2, {EndOfData{}, barrier(1)});
  const int before = records_in(trace, "out 0: barrier 1");
  CHECK(before > 0);
  CHECK(before < kTimers);
  CHECK(records_in(trace) == kTimers);
  CHECK(has(trace, "drained"));
  CHECK(bench.do_work() == Trace{"ack 1"});
  const state::SubtaskState& state = bench.acks().at(0).state;
  CHECK_FALSE(state.is_finished);

  Bench again{alarms(), "alarms/0"};
  const RestoreOrder order{
      .restore = {.keyed = state.keyed}, .directory = "/checkpoints/chk-1", .env = &bench.env()};
  REQUIRE(read_state(order, again.subtask().states()).ok());
  again.start();
  CHECK(records_in(push_both(again, 1, {EndOfData{}})) == kTimers - before);
}

TEST_CASE("the barrier of a drain waits until the last event timer has fired",
          "[subtask][timers]") {
  constexpr int kTimers = 2000;
  Bench bench{alarms(), "alarms/0"};
  REQUIRE(bench.env().create_directories("/checkpoints/chk-1").ok());
  bench.start();
  bench.push(0, numbers(-kTimers - 20, -20));
  bench.push(1, std::vector<int>{});
  const Trace trace = push_both(bench, 2, {EndOfData{}, barrier(1, CheckpointKind::drain)});
  CHECK(records_in(trace, "out 0: barrier 1") == kTimers);
  CHECK(Trace(trace.end() - 4, trace.end()) ==
        Trace{"out 0: end", "drained", "out 0: barrier 1", "snapshotted 1"});
  CHECK(bench.do_work() == Trace{"ack 1"});
  CHECK(bench.acks().at(0).state.is_finished);
}

TEST_CASE("due timers, records and barriers take turns", "[subtask][timers]") {
  constexpr int kTimers = 2000;
  Bench bench{alarms(), "alarms/0"};
  bench.start();
  bench.push(0, numbers(100, 100 + kTimers));
  bench.push(1, std::vector<int>{});
  bench.now() = 1h;
  const Trace trace = push_both(bench, 2, {barrier(1)});
  CHECK(records_in(trace, "out 0: barrier 1") < kTimers / 2);
  CHECK(records_in(trace) == kTimers);
}

TEST_CASE("a stopped subtask fires no timers, unless its checkpoint is aborted",
          "[subtask][timers]") {
  Bench bench{alarms(), "alarms/0"};
  bench.start();
  bench.push(0, {100});
  bench.push(0, barrier(1, CheckpointKind::stop));
  bench.push(1, barrier(1, CheckpointKind::stop));
  bench.now() = 1s;
  CHECK(bench.turn([](Subtask&) {}).empty());
  CHECK_FALSE(bench.wakes_at());
  CHECK(bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{1}); }) == Trace{"out 0: 1 records"});
}

TEST_CASE("a subtask stopped while its last event timers fire goes on where it was",
          "[subtask][timers]") {
  constexpr int kTimers = 2000;
  Bench bench{alarms(), "alarms/0"};
  bench.start();
  bench.push(0, numbers(-kTimers - 20, -20));
  bench.push(1, std::vector<int>{});
  Trace trace = push_both(bench, 2, {EndOfData{}, barrier(1, CheckpointKind::stop)});
  CHECK_FALSE(has(trace, "drained"));
  const int before = records_in(trace);
  CHECK(before < kTimers);
  trace = bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{1}); });
  CHECK(records_in(trace) == kTimers - before);
  CHECK(has(trace, "drained"));
}

TEST_CASE("an end that comes while a subtask is stopped is not lost if it goes on",
          "[subtask][timers]") {
  Bench bench{alarms(), "alarms/0"};
  bench.start();
  bench.push(0, barrier(1, CheckpointKind::stop));
  bench.push(1, barrier(1, CheckpointKind::stop));
  bench.push(0, EndOfData{});  // its sender knew earlier that the stop had come to nothing
  CHECK(bench.push(1, EndOfData{}).empty());
  CHECK(bench.turn([](Subtask& s) { s.on_aborted(CheckpointId{1}); }) ==
        Trace{"out 0: end", "drained"});
}

TEST_CASE("what on_timer throws fails the subtask, with the operator's name", "[subtask][timers]") {
  const bool is_event = GENERATE(true, false);
  Bench bench{alarms(), "alarms/0"};
  bench.start();
  bench.push(0, {is_event ? -kBomb : kBomb});
  bench.push(1, std::vector<int>{});
  bench.now() = 1s;
  const Trace trace = is_event ? push_both(bench, 2, {EndOfData{}}) : bench.turn([](Subtask&) {});
  CHECK(trace == Trace{"failed: alarms: it rings"});
  CHECK(bench.turn([](Subtask&) {}).empty());
}
