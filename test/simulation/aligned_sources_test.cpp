// Two sources that keep pace with each other: how far one gets ahead of the other, and that whoever
// dies, whenever, each window makes its result once and of all its records.
#include "base/random.hpp"
#include "test/support/barrier_modes.hpp"
#include "test/support/kill_matrix.hpp"

#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using test::Figures;
using test::figures_of;
using test::require_finish;

namespace {

constexpr int kKeys = 5;
constexpr int kRows = 1000;     // of each source; one a millisecond
constexpr int kPartitions = 2;  // of each source
constexpr int kPerPoll = 50;    // rows of "numbers"
constexpr int kDrift = 60;      // ms
constexpr auto kWindow = 20ms;

struct Row {
  int key;
  std::int64_t ms;

  friend auto operator<=>(const Row&, const Row&) = default;
};

Timestamp time_of(const Row& row) {
  return Timestamp{std::chrono::milliseconds{row.ms}};
}

std::vector<Row> rows(int count, std::uint64_t seed) {
  base::Random random{seed};
  std::vector<Row> all;
  for (int i = 0; i < count; ++i) all.push_back({static_cast<int>(random.below(kKeys)), i});
  return all;
}

using Count = Windowed<int, std::int64_t>;

/// How far both sources have been read, if nobody dies.
struct Progress {
  std::int64_t fast = 0;
  std::int64_t slow = 0;
  std::int64_t widest = 0;
};

/// numbers -> numbers-time, slow -> slow-time; both -> counts -> out. Sources are named as the
/// victims of kills are.
struct AlignedJob {
  explicit AlignedJob(std::uint64_t seed, int slow_rows = kRows)
      : fast{rows(kRows, seed), kPartitions, {kPerPoll, 1ms}},
        slow{rows(slow_rows, seed + 1), kPartitions, {5, 10ms}} {}

  Job job(JobOptions options, bool is_aligned = true) const {
    if (options.checkpoint.every == Duration{}) options.checkpoint.every = 50ms;
    options.checkpoint.timeout = 300ms;  // for whose message is lost
    options.checkpoint.tolerable_failures = 1000;
    options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
    options.watermark_interval = 5ms;
    Job job{"aligned", options};
    auto watermarks = monotonic();
    if (is_aligned)
      watermarks = watermarks.aligned("group", std::chrono::milliseconds{kDrift}, 20ms);
    const auto timed = [&](const char* name, const auto& log, std::int64_t Progress::*at) {
      return job.source(name, log.source({.assignment = Assignment::spread}))
          .event_time(time_of, watermarks)
          .map(std::string{name} + "-watched", [progress = progress, at](const Row& row) {
            std::int64_t& come = (*progress).*at;
            come = std::max(come, row.ms);
            progress->widest = std::max(progress->widest, progress->fast - progress->slow);
            return row;
          });
    };
    timed("numbers", fast, &Progress::fast)
        .union_with(timed("slow", slow, &Progress::slow))
        .key_by(&Row::key)
        .window(tumbling(kWindow))
        .late("late", late.sink())
        .count("counts")
        .sink("out", output.sink());
    return job;
  }

  void check() const {
    std::map<std::pair<int, std::int64_t>, std::int64_t> expected;  // by key and start
    for (const auto* log : {&fast, &slow}) {
      for (const Row& row : log->rows()) ++expected[{row.key, row.ms / 20 * 20}];
    }
    std::map<std::pair<int, std::int64_t>, std::int64_t> counts;
    for (const Count& row : output.committed()) {
      const std::int64_t start = row.window.start.time_since_epoch().count();
      REQUIRE(counts.emplace(std::pair{row.key, start}, row.value).second);
    }
    CHECK(counts == expected);
    CHECK(late.committed().empty());
    CHECK(output.pending() == 0);
  }

  testing::ReplayLog<Row> fast;
  testing::ReplayLog<Row> slow;
  testing::TransactionLog<Count> output;
  testing::TransactionLog<Row> late;
  std::shared_ptr<Progress> progress = std::make_shared<Progress>();
};

const std::vector<const char*> kVictims{"numbers/0", "slow/0", "counts/1", "coordinator", "any"};

JobOptions draw_options(base::Random& random) {
  JobOptions options{.parallelism = 2 + static_cast<int>(random.below(2))};
  options.checkpoint.unaligned = random.chance(0.3);
  return options;
}

}  // namespace

TEST_CASE("aligned sources stay together, and others do not", "[sim][alignment]") {
  for (const int parallelism : {1, 2, 3}) {  // of three subtasks one has no split
    for (const bool is_aligned : {true, false}) {
      CAPTURE(parallelism, is_aligned);
      testing::Cluster cluster{{.seed = 5, .force_bytes = parallelism == 2}};
      AlignedJob aligned{5};
      auto run = cluster.start(aligned.job({.parallelism = parallelism}, is_aligned));
      require_finish(run);
      aligned.check();
      CAPTURE(aligned.progress->widest);
      // What is read at once is a poll of rows of each second millisecond.
      if (is_aligned)
        CHECK(aligned.progress->widest <= kDrift + kPerPoll * kPartitions);
      else
        CHECK(aligned.progress->widest > kRows * 3 / 4);
    }
  }
}

TEST_CASE("T57 aligned sources: one that ends early holds nobody up", "[sim][alignment]") {
  for (const int parallelism : {1, 2, 3}) {
    testing::Cluster cluster{{.seed = 6}};
    AlignedJob aligned{6, 100};
    auto run = cluster.start(aligned.job({.parallelism = parallelism}));
    require_finish(run);
    CHECK(run.elapsed() < 2s);
    aligned.check();
  }
}

TEST_CASE("aligned sources: whoever dies at whatever phase, each window is exact",
          "[sim][alignment][swarm]") {
  test::for_each_seed(2, [](std::uint64_t seed) {
    CAPTURE(seed);
    return test::for_each_kill(
        [&](const char* victim, Phase phase) {
          testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
          AlignedJob aligned{seed};
          base::Random random{seed};
          auto run = cluster.start(aligned.job(draw_options(random)));
          run.at(testing::checkpoint(1 + seed % 4), phase).kill(victim);
          require_finish(run);
          CHECK(run.restarts() >= 1);
          aligned.check();
          return figures_of(run);
        },
        kVictims);
  });
}

TEST_CASE("aligned sources: any kills, and messages lost, leave each window exact",
          "[sim][alignment][swarm]") {
  test::for_each_seed(15, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .disturbed_messages = seed % 3 == 0 ? 0 : 0.1}};
    AlignedJob aligned{seed};
    base::Random random{seed};
    auto run = cluster.start(aligned.job(draw_options(random)));
    const Figures figures = test::require_finish_under_random_kills(run, seed);
    aligned.check();
    return figures;
  });
}

TEST_CASE("aligned sources move between parallelisms", "[sim][alignment][swarm]") {
  test::for_each_seed(15, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    testing::Cluster cluster{{.seed = seed}};
    AlignedJob aligned{seed, seed % 4 == 0 ? 100 : kRows};
    const auto build = [&] {
      JobOptions options = draw_options(random);
      options.parallelism = 1 + static_cast<int>(random.below(4));
      options.checkpoint.every = 10ms;
      options.checkpoint.storage = "/checkpoints";
      return aligned.job(options);
    };
    const Figures figures = test::require_finish_in_lives(cluster, random, build);
    aligned.check();
    return figures;
  });
}

TEST_CASE("aligned sources of two regions: when one restarts, the other goes on, and waits again",
          "[sim][alignment][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .disturbed_messages = seed % 2 == 0 ? 0.1 : 0}};
    const AlignedJob logs{seed};
    testing::TransactionLog<Row> fast_out;
    testing::TransactionLog<Row> slow_out;
    Job job{"regions",
            {.parallelism = 2,
             .checkpoint = {.every = 30ms, .timeout = 200ms, .tolerable_failures = 1000},
             .restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms}),
             .failover = FailoverStrategy::region}};
    const auto watermarks = monotonic().aligned("group", std::chrono::milliseconds{kDrift}, 20ms);
    const auto add = [&](const std::string& name, const auto& log, const auto& out) {
      job.source(name, log.source({.assignment = Assignment::spread}))
          .event_time(time_of, watermarks)
          .sink(name + "-out", out.sink());
    };
    add("numbers", logs.fast, fast_out);
    add("slow", logs.slow, slow_out);
    auto run = cluster.start(job);
    run.chaos("kill " + std::string{seed % 3 == 0 ? "numbers/0" : "slow/1"} +
              " at checkpoint 2 acknowledged");
    run.chaos("kill any at random 10/s seed " + std::to_string(seed) + " times 3");
    require_finish(run);
    for (const auto& [log, out] : {std::pair{&logs.fast, &fast_out}, {&logs.slow, &slow_out}}) {
      std::vector<Row> read = out->committed();
      std::vector<Row> all = log->rows();
      std::sort(read.begin(), read.end());
      std::sort(all.begin(), all.end());
      CHECK(read == all);
    }
    return figures_of(run);
  });
}
