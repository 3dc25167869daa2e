// Killing everybody who can die, at every phase of a checkpoint.
#pragma once

#include "base/random.hpp"
#include "test/support/count_job.hpp"
#include "test/support/sim_figures.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace weir::test {

/// Who can die in a count job, and in others with parts that are called so.
inline const std::vector<const char*> kCountVictims{"numbers/0", "counts/1", "coordinator", "node",
                                                    "any"};

/// Adds up what `run_plan(victim, phase)` returns for all victims and all phases.
template <class RunPlan>
Figures for_each_kill(RunPlan run_plan, const std::vector<const char*>& victims = kCountVictims) {
  Figures figures;
  for (const char* victim : victims) {
    for (const auto phase : {Phase::triggered, Phase::aligning, Phase::snapshotted,
                             Phase::acknowledged, Phase::completed, Phase::committing}) {
      CAPTURE(victim, to_string(phase));
      figures += run_plan(victim, phase);
    }
  }
  return figures;
}

/// Lets a run be killed again and again at random, and requires that it finishes all the same.
inline Figures require_finish_under_random_kills(testing::Run& run, std::uint64_t seed) {
  run.chaos("kill any at random 20/s seed " + std::to_string(seed) + " times 5");
  require_finish(run);
  CHECK(run.restarts() >= 1);
  return figures_of(run);
}

/// Runs a job whose process is killed up to four times, each time going on as `build()` says, and
/// requires that it finishes. Each life is 50 to 200 ms of virtual time.
template <class Build>
Figures require_finish_in_lives(testing::Cluster& cluster, base::Random& random, Build build) {
  Figures figures;
  auto run = cluster.start(build());
  for (int i = 0; i < 4 && !run.has_ended(); ++i) {
    run.run_for(std::chrono::milliseconds{50 + random.below(150)});
    if (run.has_ended()) break;
    figures += figures_of_crashed(run);
    run.crash();
    run = cluster.start(build(), {.restore_latest = true});
  }
  require_finish(run);
  figures += figures_of(run);
  return figures;
}

/// Requires of each that every count is committed once.
inline Figures require_exact_under_kills(std::uint64_t seed, const JobOptions& options) {
  CAPTURE(seed);
  return for_each_kill([&](const char* victim, Phase phase) {
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    CountJob count;
    auto run = cluster.start(count.job(options));
    run.at(testing::checkpoint(1 + seed % 4), phase).kill(victim);
    require_finish(run);
    CHECK(run.restarts() >= 1);
    count.check_exactly_once();
    return figures_of(run);
  });
}

}  // namespace weir::test
