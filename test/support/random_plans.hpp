// Plans by which a job dies, drawn by a seed; for jobs that can check what has come of them.
//
// `make()` makes what a plan is tried on: it has `job(JobOptions)`, which may be called again and
// again, and `check()`, which requires that the output is exact.
#pragma once

#include "base/random.hpp"
#include "test/support/barrier_modes.hpp"
#include "test/support/kill_matrix.hpp"

#include <string>
#include <vector>

namespace weir::test {

/// Returns options of a job with two or three subtasks of each kind, on either backend or with a
/// changelog, with barriers that overtake or not.
inline JobOptions draw_options(base::Random& random) {
  JobOptions options{.parallelism = 2 + static_cast<int>(random.below(2))};
  if (random.chance(0.3)) {
    options.state = {.backend = StateBackendType::rocksdb,
                     .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 1 << 20}};
  }
  options.checkpoint.unaligned = random.chance(0.4);
  options.checkpoint.inline_threshold = random.chance(0.5) ? 20'000 : 0;
  if (options.state.backend == StateBackendType::hashmap && random.chance(0.3)) {
    options.state.changelog.enabled = true;
    if (random.chance(0.5))
      options.state.changelog.materialize_interval = std::chrono::milliseconds{1};
  }
  return options;
}

/// Each of `victims` dies at each phase of a checkpoint.
template <class Make>
Figures require_exact_at_each_phase(std::uint64_t seed, const Make& make,
                                    const std::vector<const char*>& victims = kCountVictims) {
  CAPTURE(seed);
  return for_each_kill(
      [&](const char* victim, Phase phase) {
        testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
        const auto subject = make();
        base::Random random{seed};
        auto run = cluster.start(subject.job(draw_options(random)));
        run.at(testing::checkpoint(1 + seed % 4), phase).kill(victim);
        require_finish(run);
        CHECK(run.restarts() >= 1);
        subject.check();
        return figures_of(run);
      },
      victims);
}

/// Anybody dies at random, and messages of checkpoints are lost.
template <class Make>
Figures require_exact_under_random_kills(std::uint64_t seed, const Make& make) {
  CAPTURE(seed);
  testing::Cluster cluster{
      {.seed = seed, .force_bytes = seed % 2 == 0, .disturbed_messages = seed % 3 == 0 ? 0.1 : 0}};
  const auto subject = make();
  base::Random random{seed};
  auto run = cluster.start(subject.job(draw_options(random)));
  const Figures figures = require_finish_under_random_kills(run, seed);
  subject.check();
  return figures;
}

/// The process dies, and the next one goes on at another parallelism and on another backend.
template <class Make>
Figures require_exact_in_lives(std::uint64_t seed, const Make& make) {
  CAPTURE(seed);
  base::Random random{seed};
  testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
  const auto subject = make();
  const auto build = [&] {
    JobOptions options = draw_options(random);
    options.parallelism = 1 + static_cast<int>(random.below(4));
    options.checkpoint.every = std::chrono::milliseconds{10};
    options.checkpoint.storage = "/checkpoints";
    return subject.job(options);
  };
  const Figures figures = require_finish_in_lives(cluster, random, build);
  subject.check();
  return figures;
}

/// Options of jobs whose barriers overtake a lot: run them on something slow.
inline JobOptions overtaking_options(base::Random& random) {
  JobOptions options{.parallelism = 1 + static_cast<int>(random.below(4))};
  options.network = channels_of(false);
  options.checkpoint.unaligned = true;
  options.checkpoint.every = std::chrono::milliseconds{2};
  options.checkpoint.storage = "/checkpoints";
  options.checkpoint.inline_threshold = random.chance(0.5) ? 20'000 : 0;
  return options;
}

/// What happened to a job in several lives, and what their checkpoints held of its channels.
struct OvertakingLives {
  Figures figures = {};
  std::uint64_t overtaken = 0;  // bytes
};

/// The process dies again and again while barriers overtake; `build()` makes the job, named `name`,
/// for the next life, with `overtaking_options`.
template <class Build>
OvertakingLives require_finish_in_overtaking_lives(testing::Cluster& cluster, base::Random& random,
                                                   const std::string& name, const Build& build) {
  OvertakingLives lives;
  auto run = cluster.start(build());
  for (int i = 0; i < 4 && !run.has_ended(); ++i) {
    run.run_for(std::chrono::milliseconds{5 + random.below(10)});
    if (run.has_ended()) break;
    lives.overtaken += overtaken_bytes(cluster.disk(), "/checkpoints/" + name);
    lives.figures += figures_of_crashed(run);
    run.crash();
    run = cluster.start(build(), {.restore_latest = true});
  }
  require_finish(run);
  lives.figures += figures_of(run);
  return lives;
}

}  // namespace weir::test
