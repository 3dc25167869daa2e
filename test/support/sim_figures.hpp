// Figures of simulated runs.
#pragma once

#include "test/support/swarm.hpp"

#include <weir/testing.hpp>

#include <algorithm>

namespace weir::test {

/// Returns what one run has come to so far, as one plan.
inline Figures figures_of(const testing::Run& run) {
  const auto is_kill = [](const std::string& line) {
    return line.find("chaos kills") != std::string::npos;
  };
  return {.plans = 1,
          .kills = static_cast<std::uint64_t>(
              std::count_if(run.log().begin(), run.log().end(), is_kill)),
          .restarts = static_cast<std::uint64_t>(run.restarts())};
}

/// The same for a run whose process is killed next: the plan goes on with another one.
inline Figures figures_of_crashed(const testing::Run& run) {
  Figures figures = figures_of(run);
  figures.plans = 0;
  figures.deaths = 1;
  return figures;
}

}  // namespace weir::test
