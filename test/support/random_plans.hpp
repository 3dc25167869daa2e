// Plans by which a job dies, drawn by a seed; for jobs that can check what has come of them.
//
// `make()` makes what a plan is tried on: it has `job(JobOptions)`, which may be called again and
// again, and `check()`, which requires that the output is exact.
#pragma once

#include "base/random.hpp"
#include "test/support/kill_matrix.hpp"

#include <vector>

namespace weir::test {

/// Returns options of a job with two or three subtasks of each kind, on either backend, with
/// barriers that overtake or not.
inline JobOptions draw_options(base::Random& random) {
  JobOptions options{.parallelism = 2 + static_cast<int>(random.below(2))};
  if (random.chance(0.3)) {
    options.state = {.backend = StateBackendType::rocksdb,
                     .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 1 << 20}};
  }
  options.checkpoint.unaligned = random.chance(0.4);
  options.checkpoint.inline_threshold = random.chance(0.5) ? 20'000 : 0;
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

}  // namespace weir::test
