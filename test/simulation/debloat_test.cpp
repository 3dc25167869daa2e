// Buffer debloating in whole jobs: before a slow operator barriers wait for what is queued, and
// that takes about the target time.
#include "test/support/count_job.hpp"
#include "test/support/sim_figures.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using test::require_finish;

namespace {

constexpr Duration kWork = 4ms;  // on a row
constexpr int kRows = 7500;
constexpr int kCredits = 24;

/// Two streams into one slow operator: one always has rows waiting, the other hardly ever. So the
/// barrier of the second comes at once, and alignment takes as long as all that waits of the first.
struct UnevenJob {
  explicit UnevenJob(const testing::Cluster& c) : cluster{c} {}

  Job job(const DebloatOptions& debloat) const {
    JobOptions options{.checkpoint = {.every = 2s, .timeout = 1min, .tolerable_failures = 1000},
                       .restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms}),
                       .network = {.batches_per_channel = kCredits, .debloat = debloat}};
    Job job{"uneven", options};
    const auto busy = job.source("busy", rows.source()).rebalance();
    const auto quiet = job.source("quiet", few.source()).rebalance();
    busy.union_with(quiet)
        .map("slow",
             [&c = cluster](const std::string& row) {
               c.take_time(kWork);
               return row;
             })
        .sink("out", output.sink());
    return job;
  }

  void check_exactly_once() const {
    auto committed = output.committed();
    std::vector<std::string> expected = rows.rows();
    expected.insert(expected.end(), few.rows().begin(), few.rows().end());
    std::sort(committed.begin(), committed.end());
    std::sort(expected.begin(), expected.end());
    CHECK(committed == expected);
    CHECK(output.pending() == 0);
  }

  /// So long that 32 of them fill a batch, which then takes 0.13 s.
  static std::vector<std::string> make_rows(int n, const std::string& name) {
    std::vector<std::string> all;
    for (int i = 0; i < n; ++i) all.push_back(name + std::to_string(i) + std::string(1000, '.'));
    return all;
  }

  const testing::Cluster& cluster;
  testing::ReplayLog<std::string> rows{make_rows(kRows, "busy "), 1, {.rows_per_poll = 4}};
  testing::ReplayLog<std::string> few{
      make_rows(10, "quiet "), 1, {.rows_per_poll = 1, .pause = 3s}};
  testing::TransactionLog<std::string> output;
};

/// What the log says of completed checkpoints, oldest first.
std::vector<Duration> alignments(const testing::Run& run) {
  const std::string key = "alignment_ms=";
  std::vector<Duration> all;
  for (const std::string& line : run.log()) {
    const auto at = line.find(key);
    if (at != std::string::npos)
      all.push_back(std::chrono::milliseconds{std::stoll(line.substr(at + key.size()))});
  }
  return all;
}

/// Returns how long alignment takes when the job has run for a while: the mean of some checkpoints.
Duration alignment_with(std::uint64_t seed, const DebloatOptions& debloat) {
  testing::Cluster cluster{{.seed = seed}};
  const UnevenJob uneven{cluster};
  auto run = cluster.start(uneven.job(debloat));
  run.run_for(25s);
  const auto all = alignments(run);
  REQUIRE(all.size() >= 6);
  require_finish(run);
  uneven.check_exactly_once();
  return std::accumulate(all.end() - 3, all.end(), Duration{}) / 3;
}

}  // namespace

TEST_CASE("with debloating alignment before a slow operator takes about the target time",
          "[sim][debloater]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Duration without = alignment_with(seed, {});
    const Duration with = alignment_with(seed, {.enabled = true});
    const Duration half = alignment_with(seed, {.enabled = true, .target = 500ms});
    CAPTURE(seed, without.count() / 1'000'000, with.count() / 1'000'000, half.count() / 1'000'000);
    CHECK(without > 2s);  // 24 batches take 3.1 s; of them some are on their way
    // A mean of three, each of whole batches: 0.13 s.
    CHECK(with < 1200ms);
    CHECK(with > 400ms);
    CHECK(half < 700ms);
    CHECK(half > 200ms);
    CHECK(half < with);
  }
}

TEST_CASE("with debloating each row arrives once, whoever dies", "[sim][swarm][debloater]") {
  test::for_each_seed(10, [](std::uint64_t seed) -> test::Figures {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    const UnevenJob uneven{cluster};
    auto run = cluster.start(uneven.job({.enabled = true}));
    run.chaos("kill any at checkpoint " + std::to_string(2 + seed % 5) + " aligning");
    run.chaos("kill slow/0 at checkpoint " + std::to_string(4 + seed % 3) + " snapshotted");
    require_finish(run);
    CHECK(run.restarts() >= 1);
    uneven.check_exactly_once();
    return test::figures_of(run);
  });
}
