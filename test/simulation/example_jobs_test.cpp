// The jobs of examples/orders and examples/sensors, whoever dies.
#include "test/support/kill_matrix.hpp"
#include "test/support/orders_check.hpp"

#include <weir/testing.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "examples/orders/orders.hpp"
#include "examples/sensors/sensors.hpp"

using namespace std::chrono_literals;
using namespace weir;
using test::figures_of;
using test::require_finish;

namespace {

std::vector<std::int64_t> numbers(std::int64_t count) {
  std::vector<std::int64_t> all;
  for (std::int64_t n = 0; n < count; ++n) all.push_back(n);
  return all;
}

JobOptions options_of(std::uint64_t seed) {
  return {.parallelism = 2,
          .checkpoint = {.every = 50ms, .unaligned = seed % 2 == 0},
          .restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms}),
          .watermark_interval = 5ms};
}

constexpr std::int64_t kOrders = 4000;  // more than two hours of them

}  // namespace

TEST_CASE("orders: whoever dies at whatever phase, each order counts once",
          "[sim][windows][swarm]") {
  test::for_each_seed(2, [](std::uint64_t seed) {
    CAPTURE(seed);
    return test::for_each_kill(
        [&](const char* victim, Phase phase) {
          testing::Cluster cluster{{.seed = seed}};
          const testing::ReplayLog<std::int64_t> input{numbers(kOrders), 2, {20, 10ms}};
          const testing::TransactionLog<orders::Summary> summaries;
          const testing::TransactionLog<orders::Order> late;
          Job job{"orders", options_of(seed)};
          orders::build(job, input.source({.assignment = Assignment::spread}), summaries.sink(),
                        late.sink());
          auto run = cluster.start(job);
          run.at(testing::checkpoint(1 + seed % 4), phase).kill(victim);
          require_finish(run);
          CHECK(run.restarts() >= 1);
          CHECK_FALSE(late.committed().empty());
          test::check_orders(kOrders, summaries.committed(), late.committed());
          return figures_of(run);
        },
        {"numbers/0", "totals/1", "coordinator", "any"});
  });
}

TEST_CASE("sensors: whoever dies at whatever phase, each alert is raised once",
          "[sim][timers][swarm]") {
  test::for_each_seed(2, [](std::uint64_t seed) {
    CAPTURE(seed);
    return test::for_each_kill(
        [&](const char* victim, Phase phase) {
          testing::Cluster cluster{{.seed = seed}};
          const testing::ReplayLog<std::int64_t> input{numbers(4000), 1, {20, 1s}};
          const testing::TransactionLog<sensors::Alert> alerts;
          JobOptions options = options_of(seed);
          options.checkpoint.every = 10s;
          Job job{"sensors", options};
          sensors::build(job, input.source(), alerts.sink());
          auto run = cluster.start(job);
          run.at(testing::checkpoint(1 + seed % 4), phase).kill(victim);
          require_finish(run);
          CHECK(run.restarts() >= 1);
          std::set<std::int64_t> raised;
          std::map<std::string, int> of_sensor;
          for (const sensors::Alert& alert : alerts.committed()) {
            CHECK(raised.insert(alert.number).second);
            ++of_sensor[alert.sensor];
            CHECK(alert.value == sensors::reading(alert.number).value);
            CHECK(alert.before ==
                  sensors::reading(alert.number - static_cast<std::int64_t>(sensors::kSensors))
                      .value);
            CHECK(std::abs(alert.value - alert.before) > sensors::AnomalyDetector::kJump);
          }
          CHECK(raised.size() > 10);
          // Less than four minutes pass, and a restart: a sensor is quiet for one after each alert.
          for (const auto& [sensor, times] : of_sensor) CHECK(times <= 5);
          return figures_of(run);
        },
        {"numbers/0", "detector/1", "coordinator", "any"});
  });
}

TEST_CASE("sensors: what is known of a silent sensor is forgotten, and an alert makes it quiet",
          "[harness]") {
  auto detector = testing::harness<sensors::Reading>([](const Stream<sensors::Reading>& readings) {
    return readings.key_by(&sensors::Reading::sensor).process<sensors::AnomalyDetector>("detector");
  });
  const auto at = [](Duration time) {
    return Timestamp{std::chrono::duration_cast<std::chrono::milliseconds>(time)};
  };
  detector.push({"a", 20, 1});
  detector.push({"a", 25, 2});
  CHECK(detector.drain().empty());
  detector.push({"a", 30.5, 3});
  CHECK(detector.drain().size() == 1);
  detector.push({"a", 20, 4});
  CHECK(detector.drain().empty());  // it has raised one just now
  detector.processing_time(at(61s));
  detector.push({"a", 30, 5});
  CHECK(detector.drain().size() == 1);
  detector.processing_time(at(2h));
  detector.push({"a", 20, 6});
  CHECK(detector.drain().empty());  // nobody knows what was before
}
