// Slow checkpoints say what they wait on.
#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;

namespace {

/// numbers/2 -> copies/2 -> slow/2, which takes its time for each number.
struct SlowJob {
  explicit SlowJob(Duration work) : time{work} {}

  Job job(const testing::Cluster& cluster, CheckpointOptions checkpoint) const {
    JobOptions options{.parallelism = 2, .checkpoint = std::move(checkpoint)};
    options.network.batches_per_channel = 2;
    Job job{"slow", options};
    job.source("numbers", input.source())
        .rebalance()
        .map("copies", [](int n) { return n; })
        .rebalance()
        .map("slow",
             [&cluster, work = time](int n) {
               cluster.take_time(work);
               return n;
             })
        .sink("out", output.sink());
    return job;
  }

  static std::vector<int> numbers() {
    std::vector<int> all(400);
    std::iota(all.begin(), all.end(), 0);
    return all;
  }

  Duration time;
  testing::ReplayLog<int> input{numbers(), 2, {.rows_per_poll = 5, .pause = 1ms}};
  testing::TransactionLog<int> output;
};

std::vector<std::string> lines_with(const testing::Run& run, const std::string& part) {
  std::vector<std::string> lines;
  std::copy_if(run.log().begin(), run.log().end(), std::back_inserter(lines),
               [&](const std::string& line) { return line.find(part) != std::string::npos; });
  return lines;
}

}  // namespace

// A call that takes long takes the time of all: there is one thread. So others may not have
// answered in time either, and not every line has to blame the same one.

TEST_CASE("who is slow is named, however far behind it the barrier waits", "[sim][stall]") {
  int pressed = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    SlowJob slow{100ms};
    auto run = cluster.start(slow.job(cluster, {.every = 500ms}));
    REQUIRE(run.finish());
    for (const std::string& line : lines_with(run, "a checkpoint is slow")) {
      INFO(line);
      if (line.find("is back-pressured") == std::string::npos) continue;
      ++pressed;
      // The one at the end of the sentence is to blame.
      const auto blamed = line.find(" slow/", line.find("is back-pressured"));
      CHECK(blamed != std::string::npos);
    }
    CHECK(slow.output.committed().size() == 400);
  }
  CHECK(pressed >= 3);
}

TEST_CASE("a checkpoint that expires says what it waited on", "[sim][stall]") {
  testing::Cluster cluster{{.seed = 3}};
  SlowJob slow{100ms};
  auto run =
      cluster.start(slow.job(cluster, {.every = 500ms, .timeout = 3s, .tolerable_failures = 1000}));
  run.run_for(30s);
  int named = 0;
  for (const std::string& line : lines_with(run, "checkpoint failed")) {
    INFO(line);
    const auto waited = line.find("; it waited on ");
    REQUIRE(waited != std::string::npos);
    CHECK(line.find("no answer from") < waited);
    named += line.find("slow/", waited) != std::string::npos ? 1 : 0;
  }
  CHECK(named > 0);
}

TEST_CASE("a subtask that is in one call for long does not answer, and is named", "[sim][stall]") {
  int silent = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    SlowJob slow{5s};
    auto run = cluster.start(slow.job(cluster, {.every = 500ms}));
    run.run_for(100s);
    for (const std::string& line : lines_with(run, "a checkpoint is slow")) {
      const auto answers = line.find("does not answer");
      silent += answers != std::string::npos && line.rfind("slow/", answers) != std::string::npos;
    }
  }
  CHECK(silent > 0);
}

TEST_CASE("checkpoints that are as fast as always cost no question", "[sim][stall]") {
  testing::Cluster cluster{{.seed = 4}};
  SlowJob fast{0s};
  auto run = cluster.start(fast.job(cluster, {.every = 10ms}));
  REQUIRE(run.finish());
  CHECK(run.checkpoints() > 0);
  const auto& trace = run.trace();
  CHECK(std::none_of(trace.begin(), trace.end(), [](const std::string& step) {
    return step.find("AskSituation") != std::string::npos;
  }));
}
