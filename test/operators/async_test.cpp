// Async operators in the harness: what they pass on, with which times, and what they keep.
#include "test/support/open_replies.hpp"

#include <weir/testing/harness.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using test::OpenReplies;
using testing::harness;
using testing::Timed;

namespace {

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

auto asking(const OpenReplies& service, AsyncOptions options = {},
            testing::HarnessOptions harness_options = {}) {
  return harness<int>(
      [&](const Stream<int>& numbers) {
        return numbers.async(
            "ask", [service](const int& n, Reply<int> reply) { service.ask(n, std::move(reply)); },
            options);
      },
      harness_options);
}

using Rows = std::vector<int>;

}  // namespace

TEST_CASE("an answer has the time of its record, however many records it is", "[async]") {
  const OpenReplies service;
  auto ask = asking(service);
  ask.push(1, at(100));
  ask.push(2);
  ask.push(3, at(300));
  service.take(1).reply.all({10, 11, 12});
  service.take(3).reply(30);
  CHECK(ask.drain_timed() == std::vector<Timed<int>>{{10, at(100)}, {11, at(100)}, {12, at(100)}});
  service.take(2).reply.all({});
  CHECK(ask.drain_timed() == std::vector<Timed<int>>{{30, at(300)}});
}

TEST_CASE("only the first answer counts", "[async]") {
  const OpenReplies service;
  auto ask = asking(service);
  ask.push(1);
  const auto request = service.take(1);
  const auto copy = request.reply;
  request.reply(10);
  copy(20);
  copy.fail("too late");
  CHECK(ask.drain() == Rows{10});
  request.reply(30);
  CHECK(ask.drain().empty());
}

TEST_CASE("an answer to an operator that is gone goes nowhere", "[async]") {
  const OpenReplies service;
  {
    auto ask = asking(service);
    ask.push(1);
  }
  service.answer(1);
}

TEST_CASE("a request is repeated after a pause, until its attempts are used up", "[async]") {
  const OpenReplies service;
  auto ask = asking(service, {.retry = {.attempts = 3, .pause = 1s, .factor = 2}});
  ask.push(1);
  service.take(1).reply.fail("busy");
  ask.processing_time(at(0));
  ask.processing_time(at(999));
  CHECK(service.size() == 0);
  ask.processing_time(at(1000));
  REQUIRE(service.size() == 1);
  SECTION("and may go well") {
    service.answer(1);
    CHECK(ask.drain() == Rows{10});
  }
  SECTION("or not") {
    service.take(1).reply.fail("busy");
    ask.processing_time(at(1000));
    ask.processing_time(at(2999));
    CHECK(service.size() == 0);
    ask.processing_time(at(3000));
    service.take(1).reply.fail("closed");
    CHECK_THROWS_WITH(ask.drain(), Catch::Contains("failed in attempt 3 of 3: closed"));
  }
}

namespace {

/// Refuses odd answers, gives up at "never", and passes on -1 for what takes too long.
class Picky final : public AsyncProcess<int, int> {
public:
  explicit Picky(OpenReplies service) : service_{std::move(service)} {}
  void on_record(const int& n, Reply<int> reply) override { service_.ask(n, std::move(reply)); }
  bool accepts(const std::vector<int>& results) override { return results[0] % 2 == 0; }
  bool may_pass(const std::string& why) override { return why != "never"; }
  std::vector<int> on_timeout(const int& n) override {
    if (n == 13) throw std::runtime_error{"no luck"};
    return {-n};
  }

private:
  OpenReplies service_;
};

auto picky(const OpenReplies& service, int attempts) {
  return harness<int>([&](const Stream<int>& numbers) {
    return numbers.async_process<Picky>(
        "ask", {.timeout = 10s, .retry = {.attempts = attempts, .pause = 0s}}, service);
  });
}

}  // namespace

TEST_CASE("an answer that is refused counts as a failure", "[async]") {
  const OpenReplies service;
  auto ask = picky(service, 2);
  ask.push(1);
  service.take(1).reply(3);
  CHECK(ask.drain().empty());
  service.take(1).reply(4);
  CHECK(ask.drain() == Rows{4});
  ask.push(2);
  service.take(2).reply(3);
  ask.drain();
  service.take(2).reply(5);
  CHECK_THROWS_WITH(ask.drain(), Catch::Contains("its answer was refused"));
}

TEST_CASE("an error that will not pass is not tried again", "[async]") {
  const OpenReplies service;
  auto ask = picky(service, 9);
  ask.push(1);
  service.take(1).reply.fail("never");
  CHECK_THROWS_WITH(ask.drain(), Catch::Contains("in attempt 1 of 9: never"));
}

TEST_CASE("what is passed on for a record whose time is up takes its turn", "[async]") {
  const OpenReplies service;
  auto ask = picky(service, 1);
  ask.push(1);
  ask.processing_time(at(5000));
  ask.push(2);
  const auto late = service.take(1);
  service.take(2).reply(20);
  CHECK(ask.drain().empty());
  ask.processing_time(at(10000));
  CHECK(ask.drain() == Rows{-1, 20});
  late.reply(10);
  CHECK(ask.drain().empty());
  ask.push(13);
  CHECK_THROWS_WITH(ask.processing_time(at(20000)), Catch::Contains("no luck"));
}

TEST_CASE("what has not been passed on is asked about again after a restore", "[async]") {
  const auto order = GENERATE(AsyncOrder::ordered, AsyncOrder::unordered);
  const OpenReplies service;
  auto first = asking(service, {.order = order});
  first.push(1, at(10));
  first.push(2, at(20));
  first.watermark(at(15));
  first.push(3, at(30));
  first.push(4);
  service.answer(1);
  service.answer(4);
  CHECK(first.drain() == Rows{10});
  const auto snapshot = first.snapshot();
  service.answer(2);  // behind the snapshot: of no effect on it

  const OpenReplies again;
  auto second = asking(again, {.order = order});
  second.restore(snapshot);
  second.processing_time(at(0));
  REQUIRE(again.size() == 3);
  // None of them was passed by a watermark, so the first one that comes now lies behind them all.
  second.watermark(at(15));
  second.push(5, at(50));
  again.answer(5);
  again.answer(4);
  again.answer(3);
  const auto early = second.drain_timed();
  again.answer(2);
  const auto late = second.drain_timed();
  const std::vector<Timed<int>> in_order{
      {20, at(20)}, {30, at(30)}, {40, std::nullopt}, {50, at(50)}};
  const std::vector<Timed<int>> as_they_come{{40, std::nullopt}, {30, at(30)}};
  CHECK(early == (order == AsyncOrder::ordered ? std::vector<Timed<int>>{} : as_they_come));
  CHECK(late == (order == AsyncOrder::ordered
                     ? in_order
                     : std::vector<Timed<int>>{{20, at(20)}, {50, at(50)}}));
}

TEST_CASE("requests are spread over the subtasks of a restored operator", "[async]") {
  const OpenReplies service;
  auto first = asking(service, {}, {.parallelism = 3});
  for (int n = 0; n < 9; ++n) first.push(n);
  const int parallelism = GENERATE(1, 2, 5);
  const OpenReplies again;
  auto second = asking(again, {.capacity = 2}, {.parallelism = parallelism});
  second.restore(first.snapshot());
  std::vector<int> rows;
  for (int rounds = 0; rounds < 9 && rows.size() < 9; ++rounds) {
    second.processing_time(at(rounds));
    CHECK(again.size() <= static_cast<std::size_t>(2 * parallelism));
    for (int n = 0; n < 9; ++n) {
      const bool is_open = again.has(n);
      if (is_open) again.answer(n);
    }
    for (const int row : second.drain()) rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end());
  CHECK(rows == Rows{0, 10, 20, 30, 40, 50, 60, 70, 80});
}

TEST_CASE("options that make no sense are problems of the job", "[async]") {
  const auto problem_of = [](AsyncOptions options) {
    try {
      asking(OpenReplies{}, options);
    } catch (const std::invalid_argument& error) {
      return std::string{error.what()};
    }
    return std::string{};
  };
  CHECK_THAT(problem_of({.capacity = 0}),
             Catch::Contains("operator \"ask\": its capacity is below 1"));
  CHECK_THAT(problem_of({.timeout = 0s}), Catch::Contains("its timeout is not above 0"));
  CHECK_THAT(problem_of({.retry = {.attempts = 0}}), Catch::Contains("may not attempt"));
  CHECK_THAT(problem_of({.retry = {.pause = -1ns}}), Catch::Contains("pause between attempts is"));
  CHECK_THAT(problem_of({.retry = {.factor = 0.5}}), Catch::Contains("become shorter"));
  CHECK_THAT(problem_of({.retry = {.pause = 2s, .pause_max = 1s}}),
             Catch::Contains("longest pause is below"));
  CHECK(problem_of({}).empty());
}
