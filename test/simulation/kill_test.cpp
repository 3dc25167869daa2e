// Jobs on a simulated machine: whoever dies, whenever, the output is exactly right.
#include <weir/testing.hpp>

#include <catch2/catch.hpp>

#include <map>

using namespace std::chrono_literals;
using namespace weir;

namespace {

using Count = std::pair<int, std::int64_t>;

constexpr int kRows = 600;
constexpr int kKeys = 7;

std::vector<int> numbers() {
  std::vector<int> all;
  for (int i = 0; i < kRows; ++i) all.push_back(i);
  return all;
}

/// numbers -> counts per key -> log, about twelve checkpoints long.
struct CountJob {
  testing::ReplayLog<int> input{numbers(), 3, {.rows_per_poll = 5, .pause = 10ms}};
  testing::TransactionLog<Count> output;

  Job job(JobOptions options = {}) const {
    options.parallelism = 2;
    if (options.checkpoint.every == Duration{}) options.checkpoint.every = 50ms;
    if (!options.restart)
      options.restart = restart::fixed_delay({.attempts = 100, .delay = 10ms});
    Job job{"count", options};
    job.source("numbers", input.source())
        .key_by([](int n) { return n % kKeys; })
        .count("counts")
        .sink("out", output.sink());
    return job;
  }

  /// Each key's counts must be 1, 2, ... n, each once.
  void check() const {
    std::map<int, std::vector<std::int64_t>> by_key;
    for (const auto& [key, count] : output.committed()) by_key[key].push_back(count);
    REQUIRE(by_key.size() == kKeys);
    for (auto& [key, counts] : by_key) {
      std::sort(counts.begin(), counts.end());
      const auto expected = static_cast<std::size_t>((kRows - key + kKeys - 1) / kKeys);
      REQUIRE(counts.size() == expected);
      for (std::size_t i = 0; i < expected; ++i)
        REQUIRE(counts[i] == static_cast<std::int64_t>(i) + 1);
    }
    CHECK(output.pending() == 0);
  }
};

}  // namespace

TEST_CASE("without failures every count is committed once", "[sim]") {
  testing::Cluster cluster{{.seed = 1}};
  CountJob count;
  auto run = cluster.start(count.job());
  REQUIRE(run.finish());
  CHECK(run.restarts() == 0);
  CHECK(run.checkpoints() > 5);
  count.check();
}

TEST_CASE("one seed is one trace", "[sim]") {
  const auto trace = [](std::uint64_t seed) {
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    auto run = cluster.start(count.job());
    run.at(testing::checkpoint(2), Phase::aligning).kill("counts/1");
    REQUIRE(run.finish());
    return run.trace();
  };
  const auto first = trace(5);
  CHECK(first == trace(5));
  CHECK(first != trace(6));
}

TEST_CASE("whoever dies at whatever phase of a checkpoint, each count is committed once", "[sim][T64]") {
  const auto victim = GENERATE(as<std::string>{}, "numbers/0", "counts/1", "coordinator", "node", "any");
  const auto phase = GENERATE(Phase::triggered, Phase::aligning, Phase::snapshotted,
                              Phase::acknowledged, Phase::completed, Phase::committing);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(victim, to_string(phase), seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    auto run = cluster.start(count.job());
    run.at(testing::checkpoint(1 + seed % 4), phase).kill(victim);
    const bool finished = run.finish();
    INFO(run.report());
    REQUIRE(finished);
    CHECK(run.restarts() >= 1);
    count.check();
  }
}
