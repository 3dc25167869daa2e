// Killing everybody who can die, at every phase of a checkpoint.
#pragma once

#include "test/support/count_job.hpp"
#include "test/support/sim_figures.hpp"

#include <vector>

namespace weir::test {

/// Adds up what `run_plan(victim, phase)` returns for all victims, by default the parts of a count
/// job, and all phases.
template <class RunPlan>
Figures for_each_kill(RunPlan run_plan,
                      const std::vector<const char*>& victims = {"numbers/0", "counts/1",
                                                                 "coordinator", "node", "any"}) {
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
