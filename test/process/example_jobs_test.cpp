// The programs of examples/orders, sensors and fraud: their processes and their parts die, again
// and again, at one parallelism and the next, and the files in which their results are say the same
// as if nobody had.
#include "test/process/word_count_runs.hpp"
#include "test/support/orders_check.hpp"

#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "examples/sensors/sensors.hpp"

using namespace weir;
using test::Child;
using test::committed_lines;
using test::WordCountRuns;

namespace {

using Words = std::vector<std::string>;

constexpr std::int64_t kRecords = 60'000;
constexpr std::int64_t kRate = 20'000;  // a second: so that there is time to die

/// An example, and what it must have written into a folder.
struct Example {
  std::string program;
  std::string results;  // the folder of those that come all the time, in that of the output
  Words parallelisms;   // one for each life
  std::string victim;   // of a rule
  std::function<void(const std::string& output)> check;
};

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Words command(const Example& example, const WordCountRuns& folder, const Words& more) {
  return folder.command_of(example.program, Words{"--count", std::to_string(kRecords), "--set",
                                                  "pipeline.auto-watermark-interval=10ms"} +
                                                more);
}

/// Lets no file be inlined, so that each checkpoint of RocksDB has some.
Words on_backend(const std::string& backend) {
  return {"--set", "state.backend.type=" + backend, "--set",
          "execution.checkpointing.data-inline-threshold=0"};
}

/// Goes on until checkpoints complete and there are more results than before.
bool wait_for_results(Child& child, const std::string& directory) {
  const std::size_t before = committed_lines(directory).size();
  while (child.wait_for("checkpoint completed")) {
    if (committed_lines(directory).size() > before) return true;
  }
  return false;
}

/// Goes on until so many checkpoints have completed.
bool wait_for_checkpoints(Child& child, int count) {
  while (count > 0 && child.wait_for("checkpoint completed")) --count;
  return count == 0;
}

/// Kills the process when its results have grown, or some checkpoints later than it began; the next
/// one goes on. The last one may come to its end, as fast as it can.
void run_in_lives(const Example& example, const WordCountRuns& folder, const Words& more) {
  const Words restore = more + Words{"--restore", "latest"};
  int life = 0;
  for (const std::string& parallelism : example.parallelisms) {
    CAPTURE(life);
    Child child{command(example, folder,
                        restore + Words{"-p", parallelism, "--rate", std::to_string(kRate)})};
    const bool is_alive = life == 0 ? wait_for_results(child, folder.output() + example.results)
                                    : wait_for_checkpoints(child, life + 1);
    child.signal(SIGKILL);
    const int code = child.wait();
    INFO(child.output());
    REQUIRE(is_alive);
    REQUIRE(code == 128 + SIGKILL);
    ++life;
  }
  const auto last = test::run_to_end(command(example, folder, restore + Words{"-p", "2"}));
  INFO(last.output);
  REQUIRE(last.code == 0);
}

/// Lets its parts die, of one process.
void run_under_chaos(const Example& example, const WordCountRuns& folder, const Words& more) {
  Child child{
      command(example, folder,
              more + Words{"-p", example.parallelisms[0], "--rate", std::to_string(kRate),
                           "--chaos", "kill " + example.victim + " at checkpoint 2 snapshotted",
                           "--chaos", "kill any at random 10/s seed 1 times 4"})};
  const int code = child.wait();
  INFO(child.output());
  REQUIRE(code == 0);
  REQUIRE(child.count_of("restarting the job") >= 1);
}

/// Whoever dies, the results are right.
void require_exact_under_faults(const Example& example) {
  for (const std::string backend : {"hashmap", "rocksdb"}) {
    CAPTURE(example.program, backend);
    const WordCountRuns lives;
    run_in_lives(example, lives, on_backend(backend));
    example.check(lives.output());
    const WordCountRuns chaos;
    run_under_chaos(example, chaos, on_backend(backend));
    example.check(chaos.output());
  }
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream text{line};
  for (std::string field; std::getline(text, field, ',');) fields.push_back(field);
  return fields;
}

Timestamp time_of(const std::string& ms) {
  return Timestamp{std::chrono::milliseconds{std::stoll(ms)}};
}

void check_order_files(const std::string& output) {
  std::vector<orders::Summary> summaries;
  for (const std::string& line : committed_lines(output + "/totals")) {
    const auto fields = fields_of(line);
    REQUIRE(fields.size() == 5);
    summaries.push_back({fields[0], time_of(fields[1]), time_of(fields[2]), std::stoll(fields[3]),
                         std::stoll(fields[4])});
  }
  std::vector<orders::Order> late;
  for (const std::string& line : committed_lines(output + "/late")) {
    const auto fields = fields_of(line);
    REQUIRE(fields.size() == 4);
    late.push_back({std::stoll(fields[0]), fields[1], std::stoll(fields[2]), time_of(fields[3])});
  }
  test::check_orders(kRecords, summaries, late);
}

Words sorted_lines(const std::string& output) {
  Words lines = committed_lines(output);
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// All jumps of each sensor, as they would be written, in order.
std::map<std::string, Words> jumps_of_sensors() {
  std::map<std::string, Words> jumps;
  std::map<std::string, double> values;
  for (std::int64_t number = 0; number < kRecords; ++number) {
    const sensors::Reading reading = sensors::reading(number);
    const auto [value, is_first] = values.try_emplace(reading.sensor, reading.value);
    if (!is_first && std::abs(reading.value - value->second) > sensors::AnomalyDetector::kJump) {
      std::string row;
      detail::append_csv(sensors::Alert{reading.sensor, value->second, reading.value, number}, row);
      jumps[reading.sensor].push_back(row);
    }
    value->second = reading.value;
  }
  return jumps;
}

/// Each sensor raises its first alert, and then is quiet for a minute of the wall clock; `minutes`
/// have begun.
void check_sensor_files(const std::string& output, std::size_t minutes) {
  const Words lines = committed_lines(output);
  const std::set<std::string> raised{lines.begin(), lines.end()};
  REQUIRE(raised.size() == lines.size());
  std::size_t found = 0;
  for (const auto& [sensor, jumps] : jumps_of_sensors()) {
    CAPTURE(sensor);
    CHECK(raised.contains(jumps.front()));
    const auto alerts = std::count_if(
        jumps.begin(), jumps.end(), [&](const std::string& jump) { return raised.contains(jump); });
    CHECK(static_cast<std::size_t>(alerts) <= minutes);
    found += static_cast<std::size_t>(alerts);
  }
  CHECK(found == lines.size());  // nothing else was written
}

}  // namespace

TEST_CASE("orders: each counts once, though processes and their parts die", "[process][examples]") {
  require_exact_under_faults({.program = "orders",
                              .results = "/totals",
                              .parallelisms = {"2", "3", "1"},
                              .victim = "totals/1",
                              .check = check_order_files});
}

TEST_CASE("fraud: alerts are those of an undisturbed run, though processes and their parts die",
          "[process][examples]") {
  Example fraud{.program = "fraud",
                .results = "",
                .parallelisms = {"2", "3", "1"},
                .victim = "detector/1",
                .check = {}};
  const WordCountRuns undisturbed;
  const auto ended = test::run_to_end(command(fraud, undisturbed, {"-p", "2"}));
  INFO(ended.output);
  REQUIRE(ended.code == 0);
  const Words alerts = sorted_lines(undisturbed.output());
  REQUIRE(alerts.size() > 1000);
  fraud.check = [&](const std::string& output) { CHECK(sorted_lines(output) == alerts); };
  require_exact_under_faults(fraud);
}

TEST_CASE("sensors: none is forgotten or heard twice, though processes and their parts die",
          "[process][examples]") {
  const auto begin = std::chrono::steady_clock::now();
  require_exact_under_faults(
      {.program = "sensors",
       .results = "",
       .parallelisms = {"1", "2", "3"},  // one split, so that readings of a sensor stay in order
       .victim = "detector/0",
       .check = [&](const std::string& output) {
         const auto passed = std::chrono::steady_clock::now() - begin;
         check_sensor_files(output, 1 + static_cast<std::size_t>(passed / std::chrono::minutes{1}));
       }});
}
