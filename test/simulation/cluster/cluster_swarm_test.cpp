// Whole jobs on clusters of one to three coordinators and one to four workers, under random faults:
// the output is exact, and nothing is run twice.
#include "test/simulation/cluster/cluster_chaos.hpp"
#include "test/simulation/cluster/cluster_jobs.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

using namespace std::chrono_literals;
using namespace weir;
using simulation::SimCluster;
using test::ClusterJob;

namespace {

using MakeJob = ClusterJob (*)(const JobOptions&);

/// A job on a cluster whose size and faults are drawn from a seed.
class Plan {
public:
  Plan(std::uint64_t seed, MakeJob make, bool keep_trace = false)
      : random_{seed ^ 0xc1u},
        coordinators_{draw_coordinators(random_)},
        parallelism_{2 + static_cast<int>(random_.below(3))},
        workers_{1 + static_cast<int>(random_.below(4))},
        slots_{(parallelism_ + workers_ - 1) / workers_ + static_cast<int>(random_.below(2))},
        job_{make({.parallelism = parallelism_,
                   .checkpoint = {.every = 100ms * (1 + random_.below(5)),
                                  .timeout = 1s,
                                  .tolerable_failures = 1000,
                                  .storage = "/checkpoints",
                                  .inline_threshold = seed % 2 == 0 ? 20'000 : 0,
                                  .unaligned = seed % 5 < 2,
                                  .aligned_timeout = seed % 5 == 1 ? 5ms : 0ms},
                   .state = {.backend = seed % 3 == 2 ? StateBackendType::rocksdb
                                                      : StateBackendType::hashmap,
                             .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 0},
                             .local_recovery = seed % 4 == 1},
                   .restart = restart::fixed_delay({.attempts = 100'000, .delay = 10ms})})},
        cluster_{{.seed = seed,
                  .coordinators = coordinators_,
                  .workers = workers_,
                  .slots = slots_,
                  .build = job_.build,
                  .cluster = {.heartbeat = {.interval = 100ms, .timeout = 500ms},
                              .registration = {.initial_timeout = 100ms, .max_timeout = 1s},
                              .slot_request_timeout = 1h},
                  .election =
                      {.heartbeat = 100ms, .step_down = 400ms, .takeover = 600ms, .retry_max = 1s},
                  .shares_locks = random_.chance(0.7),
                  .finds_by_store = random_.chance(0.7),
                  .keep_trace = keep_trace}},
        chaos_{cluster_, random_.next()} {}

  void disturb() { chaos_.disturb(1 + random_.below(12)); }

  test::Figures finish() {
    if (random_.chance(0.3)) {
      const auto still_at_work = chaos_.cut_off_workers();
      INFO(text());
      REQUIRE(still_at_work.empty());
    }
    chaos_.repair();
    const bool finished = cluster_.finish(5min);
    INFO(text());
    REQUIRE(finished);
    job_.check(cluster_.disk());
    // Whoever comes back late changes nothing.
    cluster_.network().run_for(5s);
    job_.check(cluster_.disk());
    if (cluster_.has_standbys()) check_leader_store();
    test::Figures figures = chaos_.figures();
    figures.plans = 1;
    return figures;
  }

  const simulation::SimTrace& trace() { return cluster_.network().trace(); }

private:
  /// A single one in a quarter of all plans.
  static int draw_coordinators(base::Random& random) {
    static constexpr int kCounts[] = {1, 2, 2, 3};
    return kCounts[random.below(std::size(kCounts))];
  }

  /// The job was accepted once, and has been cleaned up.
  void check_leader_store() {
    CHECK(cluster_.disk().list("/leader/sim/jobs").value().empty());
    CHECK(cluster_.disk().list("/leader/sim/results").value().size() == 1);
  }

  std::string text() const {
    std::string text = cluster_.report() + "\n";
    for (const std::string& line : cluster_.log()) text += line + "\n";
    return text;
  }

  base::Random random_;
  int coordinators_;
  int parallelism_;
  int workers_;
  int slots_;
  ClusterJob job_;
  SimCluster cluster_;
  test::ClusterChaos chaos_;
};

test::Figures run_plan(std::uint64_t seed, MakeJob make) {
  CAPTURE(seed);
  Plan plan{seed, make};
  plan.disturb();
  return plan.finish();
}

}  // namespace

TEST_CASE("a cluster counts exactly, whatever befalls it", "[cluster][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) { return run_plan(seed, test::simple_job); });
}

TEST_CASE("a cluster runs several sources, whatever befalls it", "[cluster][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) { return run_plan(seed, test::wide_job); });
}

TEST_CASE("a cluster counts words into files, whatever befalls it", "[cluster][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) { return run_plan(seed, test::words_job); });
}

TEST_CASE("equal seeds give equal runs of a cluster", "[cluster]") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    Plan one{seed, test::wide_job, true};
    Plan other{seed, test::wide_job, true};
    Plan different{seed + 1000, test::wide_job};
    for (Plan* plan : {&one, &other, &different}) plan->disturb();
    const auto& mine = one.trace().lines();
    const auto& others = other.trace().lines();
    const auto differs = std::mismatch(mine.begin(), mine.end(), others.begin(), others.end());
    if (differs.first != mine.end() && differs.second != others.end()) {
      INFO(*differs.first << " | " << *differs.second);
      REQUIRE(differs.first == mine.end());
    }
    CHECK(mine.size() == others.size());
    CHECK(one.trace().hash() == other.trace().hash());
    CHECK(one.trace().hash() != different.trace().hash());
  }
}
