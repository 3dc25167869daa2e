// A subtask that begins with an async operator: what goes on while answers are on their way, and
// what waits for them.
#include "runtime/graph/validate.hpp"
#include "test/runtime/subtask_bench.hpp"
#include "test/support/open_replies.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using checkpoint::Barrier;
using checkpoint::BarrierMode;
using checkpoint::CheckpointKind;
using test::Bench;
using test::OpenReplies;
using test::Trace;

namespace {

/// numbers/2 -> ask/1 -> half/1 -> out/1; only the last edge leaves the chain of `ask`.
Job asking(const OpenReplies& service, AsyncOptions options) {
  Job job{"asking"};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .parallelism(2)
      .async(
          "ask", [service](const int& n, Reply<int> reply) { service.ask(n, std::move(reply)); },
          options)
      .map("half", [](int n) { return n / 2; })
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink());
  return job;
}

/// A subtask and the service that it asks.
struct Asking {
  explicit Asking(AsyncOptions options = {}) : bench{asking(service, options), "ask/0"} {
    bench.start();
  }
  /// On both channels.
  Trace push(const Element& element) {
    Trace trace = bench.push(0, element);
    const Trace second = bench.push(1, element);
    trace.insert(trace.end(), second.begin(), second.end());
    return trace;
  }
  Trace answer(int record) {
    service.answer(record);
    return bench.wake();
  }

  OpenReplies service;
  Bench bench;
};

Barrier barrier(std::uint64_t id, CheckpointKind kind = CheckpointKind::periodic) {
  return {.id = CheckpointId{id}, .kind = kind};
}

Watermark watermark(int ms, bool is_idle = false) {
  return {Timestamp{std::chrono::milliseconds{ms}}, is_idle};
}

bool has(const Trace& trace, const std::string& line) {
  return std::find(trace.begin(), trace.end(), line) != trace.end();
}

/// What left on the only output.
Trace sent(const Trace& trace) {
  Trace lines;
  for (const std::string& line : trace) {
    if (line.starts_with("out 0: ")) lines.push_back(line.substr(7));
  }
  return lines;
}

}  // namespace

TEST_CASE("a subtask takes in as much as may be asked at a time, and then no more", "[async]") {
  Asking asking{{.capacity = 3}};
  asking.bench.push(0, {1, 2, 3, 4, 5});
  CHECK(asking.service.size() == 3);
  CHECK(sent(asking.answer(2)).empty());  // it is not its turn
  CHECK(asking.service.size() == 2);
  CHECK(sent(asking.answer(1)) == Trace{"2 records"});
  CHECK(asking.service.size() == 3);  // 3, 4 and 5
  CHECK(asking.bench.subtask().situation().awaits_answers);
  asking.answer(3);
  CHECK_FALSE(asking.bench.subtask().situation().awaits_answers);
  CHECK(asking.bench.subtask().counters().records_in == 5);
}

TEST_CASE("a barrier does not wait for answers, though there is no room", "[async]") {
  Asking asking{{.capacity = 3}};
  asking.bench.push(0, {1, 2, 3});
  CHECK(sent(asking.push(barrier(1))) == Trace{"barrier 1"});
  CHECK(has(asking.bench.do_work(), "ack 1"));
  CHECK(asking.bench.acks()[0].state.operators.size() == 1);
  CHECK(asking.bench.acks()[0].state.operators[0].elements() == 3);
}

TEST_CASE("an aligned barrier waits for room behind records, an unaligned one does not",
          "[async]") {
  Asking asking{{.capacity = 1}};
  asking.bench.push(0, {1, 2});
  Barrier next = barrier(1);
  SECTION("aligned") {
    CHECK(sent(asking.push(next)).empty());
    CHECK(sent(asking.answer(1)) == Trace{"1 records", "barrier 1"});
  }
  SECTION("unaligned") {
    next.mode = BarrierMode::unaligned;
    CHECK(sent(asking.push(next)) == Trace{"barrier 1"});
  }
}

TEST_CASE("a watermark waits for what came before it, and holds up nothing but what came behind",
          "[async]") {
  const auto order = GENERATE(AsyncOrder::ordered, AsyncOrder::unordered);
  Asking asking{{.order = order}};
  CHECK(sent(asking.push(watermark(5))) == Trace{"watermark 5"});
  asking.bench.push(0, {1});
  CHECK(sent(asking.push(watermark(7))).empty());
  CHECK(sent(asking.push(watermark(8, true))).empty());
  asking.bench.push(1, {2});
  CHECK(asking.service.size() == 2);
  CHECK(sent(asking.answer(2)).empty());
  CHECK(sent(asking.answer(1)) == Trace{"1 records", "watermark 8, idle", "1 records"});
}

TEST_CASE("the end waits for all answers, and checkpoints go on meanwhile", "[async]") {
  Asking asking;
  asking.bench.push(0, {1, 2});
  CHECK(sent(asking.push(EndOfData{})).empty());
  CHECK(sent(asking.push(barrier(1))) == Trace{"barrier 1"});
  CHECK(sent(asking.answer(1)) == Trace{"1 records"});
  CHECK(asking.bench.subtask().situation().emits_end);
  CHECK(asking.bench.subtask().situation().awaits_answers);
  const Trace end = asking.answer(2);
  CHECK(sent(end) == Trace{"1 records", "end"});
  CHECK(has(end, "drained"));
}

TEST_CASE("a drain waits for all answers", "[async]") {
  Asking asking;
  asking.bench.push(0, {1});
  asking.push(EndOfData{});
  CHECK(sent(asking.push(barrier(1, CheckpointKind::drain))).empty());
  CHECK(sent(asking.answer(1)) == Trace{"1 records", "end", "barrier 1"});
}

TEST_CASE("what is answered behind a stop leaves when that is given up", "[async]") {
  Asking asking;
  asking.bench.push(0, {1});
  CHECK(sent(asking.push(barrier(1, CheckpointKind::stop))) == Trace{"barrier 1"});
  CHECK(sent(asking.answer(1)).empty());
  const Trace trace =
      asking.bench.turn([](Subtask& subtask) { subtask.on_aborted(CheckpointId{1}); });
  CHECK(sent(trace) == Trace{"1 records"});
}

TEST_CASE("the subtask wakes when a pause or a timeout is over", "[async]") {
  Asking asking{{.timeout = 10s, .retry = {.attempts = 2, .pause = 3s}}};
  CHECK_FALSE(asking.bench.wakes_at());
  asking.bench.push(0, {1});
  CHECK(asking.bench.wakes_at() == 10s);
  asking.bench.now() = 1s;
  asking.service.take(1).reply.fail("busy");
  asking.bench.wake();
  CHECK(asking.bench.wakes_at() == 4s);
  asking.bench.now() = 4s;
  asking.bench.turn([](Subtask&) {});
  CHECK(asking.service.size() == 1);
  asking.push(EndOfData{});
  CHECK(asking.bench.wakes_at() == 10s);
  asking.bench.now() = 10s;
  const Trace trace = asking.bench.turn([](Subtask&) {});
  CHECK_THAT(trace.back(),
             Catch::Contains("a request got no good answer before its timeout") &&
                 Catch::Contains("in attempt 2 of 2; an earlier one has failed: busy"));
}

TEST_CASE("a subtask without a timeout does not wake for it", "[async]") {
  Asking asking{{.timeout = Duration::max()}};
  asking.bench.push(0, {1});
  CHECK_FALSE(asking.bench.wakes_at());
}

TEST_CASE("no answer is passed on without credits", "[async]") {
  Asking asking;
  asking.bench.push(0, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13});
  std::size_t left = 0;
  for (int n = 1; n <= 12; ++n) {
    asking.service.answer(n);
    left += sent(asking.bench.turn([](Subtask&) {})).size();
  }
  CHECK(left == 8);
  asking.bench.now() = 1h;  // the time of the last one is up, but nothing could be passed on
  asking.bench.turn([](Subtask&) {});
  CHECK_FALSE(asking.bench.wakes_at());
  asking.bench.now() = {};
  CHECK(sent(asking.bench.credit(0, 4)) == Trace{"1 records", "3 records"});
  CHECK(asking.bench.wakes_at() == 1min);
}

TEST_CASE("an async operator begins a chain, and those behind it are in it", "[async]") {
  Job job{"asking"};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .map("same", [](int n) { return n; })
      .async("ask", [](const int& n, Reply<int> reply) { reply(n); })
      .map("half", [](int n) { return n / 2; })
      .sink("out", testing::TransactionLog<int>{}.sink());
  const Plan plan = Plan::build(job.graph(), 128);
  REQUIRE(plan.vertices().size() == 2);
  CHECK(plan.vertices()[0].label == "numbers -> same");
  CHECK(plan.vertices()[1].label == "ask -> half -> out");
}

TEST_CASE("an async operator in an iteration is refused", "[async]") {
  Job job{"asking"};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .iterate("rounds",
               [](const Stream<int>& numbers) {
                 const auto asked =
                     numbers.async("ask", [](const int& n, Reply<int> reply) { reply(n); });
                 return Round<int, int>{.again = asked.filter("more", [](int n) { return n > 0; }),
                                        .out = asked};
               })
      .async("behind", [](const int& n, Reply<int> reply) { reply(n); })
      .sink("out", testing::TransactionLog<int>{}.sink());
  const auto problems = validate(*job.graph());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].operator_name == "ask");
  CHECK_THAT(problems[0].what, Catch::Contains("go round the iteration \"rounds\" through it"));
}
