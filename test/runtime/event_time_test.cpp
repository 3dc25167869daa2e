// Event time in a subtask: what a watermark makes it do before anything behind it, and what it says
// to those behind.
#include "test/runtime/subtask_bench.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using test::Bench;
using test::Trace;

namespace {

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}
Watermark mark(std::int64_t ms, bool is_idle = false) {
  return {at(ms), is_idle};
}

/// Sets an event timer for n ms with each n, and emits it when it fires.
class Alarms final : public KeyedProcess<int, int, int> {
public:
  void on_record(const int& n, Ctx& ctx, Emit<int>&) override { ctx.event_timers().at(at(n)); }
  void on_timer(Timestamp time, Ctx& ctx, Emit<int>& out) override {
    if (ctx.timestamp() != time) throw std::logic_error{"its records would have another time"};
    out(ctx.key());
  }
};

/// Emits its event time with each record, and the time of the record itself; has no timers.
class Times final : public KeyedProcess<int, int, int> {
public:
  void on_record(const int&, Ctx& ctx, Emit<int>& out) override {
    if (ctx.timestamp()) out(static_cast<int>(ctx.timestamp()->time_since_epoch().count()));
    if (ctx.event_time() != Timestamp::min())
      out(static_cast<int>(ctx.event_time().time_since_epoch().count()));
  }
};

/// numbers/2 -> op/1 -> plus -> out/1
template <class P>
Job keyed() {
  Job job{"times"};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .parallelism(2)
      .key_by(std::identity{})
      .process<P>("op")
      .parallelism(1)
      .map("plus", [](int n) { return n + 1; })
      .parallelism(1)
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(1);
  return job;
}

Trace idle_turn(Bench& bench) {
  return bench.turn([](Subtask&) {});
}

}  // namespace

TEST_CASE("timers that a watermark passes fire before it goes on", "[event_time][subtask]") {
  Bench bench{keyed<Alarms>(), "op/0"};
  bench.start();
  bench.push(0, {100, 200, 300});
  CHECK(bench.push(0, mark(250)).empty());  // the other channel has said nothing
  CHECK(bench.push(1, mark(200)) == Trace{"out 0: 2 records", "out 0: watermark 200"});
  CHECK(bench.push(1, mark(220)) == Trace{"out 0: watermark 220"});
  CHECK(bench.push(0, {150}) == Trace{});  // late: it sets a timer that is due
  CHECK(bench.push(1, mark(1000)) == Trace{"out 0: 1 records", "out 0: watermark 250"});
  CHECK(bench.push(0, EndOfData{}) == Trace{"out 0: 1 records", "out 0: watermark 1000"});
  CHECK(bench.push(1, EndOfData{}) == Trace{"out 0: end", "drained"});
}

TEST_CASE("all that a watermark is worth happens before the next record", "[event_time][subtask]") {
  constexpr int kTimers = 2000;  // of which a turn fires few
  Bench bench{keyed<Alarms>(), "op/0"};
  bench.start();
  std::vector<int> numbers;
  for (int i = 1; i <= kTimers; ++i) numbers.push_back(i);
  bench.push(0, numbers);
  bench.push(1, mark(5000));
  auto* body = new detail::Batch<int>;
  body->records = {10'000};
  const detail::BatchRef later{body};
  const Trace trace = bench.turn([&](Subtask& subtask) {
    subtask.on_frame(ChannelIndex{0}, {2, mark(kTimers)});
    subtask.on_frame(ChannelIndex{0}, {3, later});
    subtask.on_frame(ChannelIndex{0}, {4, mark(kTimers + 1)});
  });
  REQUIRE(trace.size() >= 2);
  CHECK(trace[trace.size() - 2] == "out 0: watermark 2000");
  CHECK(trace.back() == "out 0: watermark 2001");
  int records = 0;
  for (const std::string& line : trace) {
    if (line.ends_with(" records")) records += std::stoi(line.substr(7));
  }
  CHECK(records == kTimers);
}

TEST_CASE("a function sees event time and the times of records also without timers",
          "[event_time][subtask]") {
  Bench bench{keyed<Times>(), "op/0"};
  bench.start();
  bench.push(0, {1});
  CHECK(bench.records_sent() == 0);  // it knows neither
  auto* body = new detail::Batch<int>;
  body->records = {1};
  body->stamp(at(5));
  bench.push(0, detail::BatchRef{body});
  bench.push(0, mark(10));
  bench.push(1, mark(10));
  CHECK(bench.records_sent() == 1);
  bench.push(0, {1});
  CHECK(bench.records_sent() == 2);
}

TEST_CASE("idleness goes on when all channels are idle, and ends with one",
          "[event_time][subtask]") {
  Bench bench{keyed<Times>(), "op/0"};
  bench.start();
  bench.push(0, mark(10));
  bench.push(1, mark(20));
  CHECK(bench.push(0, mark(10, true)) == Trace{"out 0: watermark 20"});
  CHECK(bench.push(1, mark(20, true)) == Trace{"out 0: watermark 20, idle"});
  CHECK(bench.push(0, mark(15)) == Trace{"out 0: watermark 20"});
}

TEST_CASE("watermarks that wait take the place of each other", "[event_time][subtask]") {
  Bench bench{keyed<Alarms>(), "op/0"};
  bench.start();
  bench.push(1, mark(10'000));
  int next = 0;
  std::size_t sent = 0;
  while (sent == bench.batches()) {  // until there are no credits left
    bench.push(0, {++next});
    bench.push(0, mark(next));
    ++sent;
  }
  for (int i = 1; i <= 100; ++i) CHECK(bench.push(0, mark(next + i)).empty());
  const Trace trace = bench.credit(0, 100);
  CHECK(trace.back() == "out 0: watermark " + std::to_string(next + 100));
  CHECK(trace.size() <= 4);
}

TEST_CASE("a failing timer fails the subtask by the name of its operator",
          "[event_time][subtask]") {
  struct Bomb final : KeyedProcess<int, int, int> {
    void on_record(const int& n, Ctx& ctx, Emit<int>&) override { ctx.event_timers().at(at(n)); }
    void on_timer(Timestamp, Ctx&, Emit<int>&) override { throw std::runtime_error{"it rings"}; }
  };
  Bench bench{keyed<Bomb>(), "op/0"};
  bench.start();
  bench.push(0, {5});
  bench.push(0, mark(5));
  CHECK(bench.push(1, mark(5)) == Trace{"failed: op: it rings"});
}

TEST_CASE("a stopped subtask fires nothing for a watermark behind the barrier",
          "[event_time][subtask]") {
  using checkpoint::CheckpointKind;
  Bench bench{keyed<Alarms>(), "op/0"};
  bench.start();
  bench.push(0, {5});
  for (const std::uint32_t channel : {0U, 1U})
    bench.push(channel, checkpoint::Barrier{.id = CheckpointId{1}, .kind = CheckpointKind::stop});
  bench.push(0, mark(5));
  CHECK(bench.push(1, mark(5)).empty());
  const Trace trace = bench.turn([](Subtask& subtask) { subtask.on_aborted(CheckpointId{1}); });
  CHECK(std::find(trace.begin(), trace.end(), "out 0: watermark 5") != trace.end());
}

TEST_CASE("a checkpoint knows how far event time had come, a savepoint does not",
          "[event_time][subtask]") {
  Bench bench{keyed<Alarms>(), "op/0"};
  for (const char* chk : {"/checkpoints/chk-1", "/checkpoints/chk-3", "/savepoint"})
    REQUIRE(bench.env().create_directories(chk).ok());
  bench.start();
  const auto state_at = [&](const checkpoint::Barrier& barrier) {
    for (const std::uint32_t channel : {0U, 1U}) bench.push(channel, barrier);
    bench.do_work();
    return bench.acks().back().state.event_time;
  };
  CHECK(state_at({.id = CheckpointId{1}}) == Timestamp::min());
  bench.push(0, mark(70));
  bench.push(1, mark(50));
  CHECK(state_at({.id = CheckpointId{2}, .directory = "/savepoint"}) == Timestamp::min());
  CHECK(state_at({.id = CheckpointId{3}}) == at(50));
}

TEST_CASE("a restored subtask goes on at the time that had come", "[event_time][subtask]") {
  Bench bench{keyed<Times>(), "op/0"};
  bench.subtask().recover(at(50));
  CHECK(bench.start() == Trace{"out 0: watermark 50"});
  bench.push(0, {1});
  CHECK(bench.records_sent() == 1);  // it knows event time
  CHECK(bench.push(0, mark(40)).empty());
  CHECK(bench.push(1, mark(60)).empty());
  CHECK(bench.push(0, mark(55)).back() == "out 0: watermark 55");
}

namespace {

/// A split that emits what the test puts into it.
using Script = std::shared_ptr<std::map<std::string, std::vector<int>>>;

class Told final : public SplitReader<int, int> {
public:
  Told(std::vector<int>& rows) : rows_{rows} {}
  Poll poll(Emit<int>& out) override {
    if (rows_.empty()) return Later{1ms};
    for (const int n : std::exchange(rows_, {})) {
      if (n < 0) return End{};
      out(n);
    }
    return Later{1ms};
  }
  int position() const override { return 0; }

private:
  std::vector<int>& rows_;
};

Source<int> told(const Script& script) {
  return make_source([] { return std::vector<Split>{}; },
                     [script](const Split& split, std::optional<int>) {
                       return std::make_unique<Told>((*script)[split.id]);
                     },
                     {.assignment = Assignment::spread});
}

/// numbers -> numbers-time -> out/2
Job timed(const Script& script, const Watermarks<BoundedLag>& watermarks) {
  Job job{"timed"};
  job.source("numbers", told(script))
      .event_time([](int n) { return at(n); }, watermarks)
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(1);
  return job;
}

void assign(Bench& bench, std::vector<std::string> ids) {
  bench.turn([&](Subtask& subtask) {
    std::vector<state::SplitPosition> splits;
    for (std::string& id : ids) splits.push_back({{std::move(id)}, std::nullopt});
    subtask.on_splits(std::move(splits), true);
  });
}

/// Lets time pass in steps, and returns the watermarks that leave meanwhile.
Trace pass(Bench& bench, Duration time) {
  Trace watermarks;
  for (Duration end = bench.now() + time; bench.now() < end;) {
    bench.now() += 50ms;
    for (const std::string& line : idle_turn(bench)) {
      if (line.find("watermark") != line.npos || line.find("failed") != line.npos)
        watermarks.push_back(line);
    }
  }
  return watermarks;
}

}  // namespace

TEST_CASE("a source says every 200 ms how far its slowest split is", "[event_time][subtask]") {
  const auto script = std::make_shared<std::map<std::string, std::vector<int>>>();
  Bench bench{timed(script, monotonic()), "numbers/0"};
  bench.start();
  assign(bench, {"a", "b"});
  (*script)["a"] = {100, 500};
  CHECK(pass(bench, 1s).empty());
  (*script)["b"] = {31};
  CHECK(pass(bench, 1s) == Trace{"out 0: watermark 30"});
  (*script)["b"] = {700};
  CHECK(pass(bench, 1s) == Trace{"out 0: watermark 499"});
  (*script)["a"] = {-1};  // it ends
  CHECK(pass(bench, 1s) == Trace{"out 0: watermark 699"});
  CHECK(bench.wakes_at());
}

TEST_CASE("T56 a silent split is idle only if the subtask could have read it",
          "[event_time][subtask]") {
  const auto script = std::make_shared<std::map<std::string, std::vector<int>>>();
  Bench bench{timed(script, monotonic().idle_after(5s)), "numbers/0"};
  bench.start();
  assign(bench, {"a", "b"});
  (*script)["b"] = {10};
  pass(bench, 1s);
  int n = 20;
  while (bench.records_sent() == bench.records_left()) {  // until there are no credits left
    (*script)["a"] = {++n};
    pass(bench, 50ms);
  }
  pass(bench, 20s);  // held up: that b has nothing means nothing
  bench.credit(0, 1000);
  CHECK(pass(bench, 2s).empty());
  CHECK(pass(bench, 2s) == Trace{"out 0: watermark " + std::to_string(n - 1)});
}
