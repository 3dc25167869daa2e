// Seeds for swarms: a few in every test run, many in `make swarm`, one to repeat a failure.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

namespace weir::test {

/// What the plans of one seed came to.
struct Figures {
  std::uint64_t plans = 0;     // ways in which something was made to fail
  std::uint64_t kills = 0;     // of parts of a job
  std::uint64_t deaths = 0;    // of whole processes or machines
  std::uint64_t freezes = 0;   // of processes
  std::uint64_t cuts = 0;      // of cables, and of ways to a disk
  std::uint64_t losses = 0;    // of a leader whose place was taken
  std::uint64_t restarts = 0;  // of jobs

  Figures& operator+=(const Figures& other) {
    plans += other.plans;
    kills += other.kills;
    deaths += other.deaths;
    freezes += other.freezes;
    cuts += other.cuts;
    losses += other.losses;
    restarts += other.restarts;
    return *this;
  }
};

/// Calls `f` with seeds 1 to `few`. The environment says otherwise: WEIR_SEED=N takes just that
/// one, WEIR_SEEDS=FROM:TO a range. WEIR_FIGURES=FILE gets a line for each seed that went well;
/// scripts/swarm adds them up.
inline void for_each_seed(std::uint64_t few, const std::function<Figures(std::uint64_t)>& f) {
  std::uint64_t from = 1;
  std::uint64_t to = few;
  if (const char* one = std::getenv("WEIR_SEED")) {
    from = to = std::stoull(one);
  } else if (const char* range = std::getenv("WEIR_SEEDS")) {
    const std::string text = range;
    from = std::stoull(text);
    to = std::stoull(text.substr(text.find(':') + 1));
  }
  const char* file = std::getenv("WEIR_FIGURES");
  for (std::uint64_t seed = from; seed <= to; ++seed) {
    const Figures figures = f(seed);
    if (file == nullptr) continue;
    std::ofstream{file, std::ios::app} << "seed=" << seed << " plans=" << figures.plans
                                       << " kills=" << figures.kills << " deaths=" << figures.deaths
                                       << " freezes=" << figures.freezes << " cuts=" << figures.cuts
                                       << " losses=" << figures.losses
                                       << " restarts=" << figures.restarts << std::endl;
  }
}

}  // namespace weir::test
