// Metrics: what operators count and measure.
#include "runtime/graph/validate.hpp"
#include "test/operators/clicks.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace std::chrono_literals;
using namespace weir;
using test::at;
using test::Click;

namespace {

/// Counts clicks, remembers the last number, and how the numbers are spread.
class Watched final : public Process<Click, int> {
public:
  void on_record(const Click& click, const OperatorInfo&, Emit<int>& out) override {
    clicks_.add();
    last_.set(click.number);
    numbers_.observe(click.number);
    out(click.number);
  }

private:
  Counter clicks_{*this, "clicks"};
  Gauge last_{*this, "last"};
  Histogram numbers_{*this, "numbers", {1, 10}};
};

/// Sets a timer with each click.
class Reminded final : public KeyedProcess<int, Click, int> {
public:
  void on_record(const Click& click, Ctx& ctx, Emit<int>&) override {
    ctx.event_timers().at(at(click.number));
  }
  void on_timer(Timestamp, Ctx&, Emit<int>&) override {}
};

class Misnamed final : public Process<Click, int> {
public:
  void on_record(const Click&, const OperatorInfo&, Emit<int>&) override {}

private:
  Counter first_{*this, "one-two"};
  Counter second_{*this, "same"};
  Gauge third_{*this, "same"};
};

}  // namespace

TEST_CASE("an operator counts and measures", "[metrics]") {
  auto watched = testing::harness<Click>(
      [](const Stream<Click>& clicks) { return clicks.process<Watched>("watched"); });
  for (const int n : {1, 5, 100}) watched.push({1, n});
  CHECK(watched.metric("clicks") == 3);
  CHECK(watched.metric("last") == 100);
  CHECK(watched.metric("numbers") == 106);
  CHECK_THROWS_AS(watched.metric("others"), std::invalid_argument);
}

TEST_CASE("a value belongs to the first bound that it is not above", "[metrics]") {
  struct Owner : StateOwner {
    Histogram values{*this, "values", {1, 10}};
  } owner;
  for (const double value : {-3.0, 1.0, 1.5, 10.0, 11.0}) owner.values.observe(value);
  const detail::MetricValue read = owner.metrics()[0]->read();
  CHECK(read.bounds == std::vector<double>{1, 10});
  CHECK(read.counts == std::vector<std::uint64_t>{2, 2, 1});
  CHECK(read.value == 20.5);
}

TEST_CASE("bounds that make no sense are refused", "[metrics]") {
  struct Owner : StateOwner {
  } owner;
  const auto with = [&](std::vector<double> bounds) { Histogram{owner, "h", std::move(bounds)}; };
  CHECK_THROWS_WITH(with({}), Catch::Contains("Histogram h") && Catch::Contains("ascending"));
  CHECK_THROWS_AS(with({1, 1}), std::invalid_argument);
  CHECK_THROWS_AS(with({2, 1}), std::invalid_argument);
}

TEST_CASE("timers that have fired are counted", "[metrics][timers]") {
  auto reminded = testing::harness<Click>([](const Stream<Click>& clicks) {
    return clicks.key_by(&Click::page).process<Reminded>("reminded");
  });
  for (const int n : {1, 2, 2, 30}) reminded.push({1, n});
  reminded.watermark(at(5));
  CHECK(reminded.metric("numFiredTimers") == 2);
  reminded.end();
  CHECK(reminded.metric("numFiredTimers") == 3);
}

TEST_CASE("names that Prometheus does not take, and names that two have, are refused",
          "[metrics]") {
  Job job{"misnamed"};
  job.source("clicks", testing::ReplayLog<Click>{{}}.source())
      .process<Misnamed>("misnamed")
      .sink("out", testing::TransactionLog<int>{}.sink());
  const auto problems = runtime::validate(*job.graph());
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].what == "it declares a metric named \"one-two\"");
  CHECK(problems[1].what == "it declares two metrics named \"same\"");
}
