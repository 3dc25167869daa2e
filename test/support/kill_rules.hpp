// Rules that kill somebody at a random moment.
#pragma once

#include "base/random.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::test {

/// How late a drawn rule may strike.
struct Moments {
  std::uint64_t checkpoints = 6;  // at a phase of one of the first so many checkpoints
  std::uint64_t records = 300;    // or behind one of the first so many records
  double by_records = 0.15;       // how often the latter
};

/// Draws a rule, as `--chaos` and `Run::chaos` take it, for one of these victims.
inline std::string draw_kill(base::Random& random, const std::vector<std::string>& victims,
                             const Moments& moments = {}) {
  static const std::vector<std::string> phases{"triggered",    "aligning",  "snapshotted",
                                               "acknowledged", "completed", "committing"};
  const std::string kill = "kill " + victims[random.below(victims.size())];
  if (random.chance(moments.by_records))
    return kill + " after " + std::to_string(1 + random.below(moments.records)) + " records";
  return kill + " at checkpoint " + std::to_string(1 + random.below(moments.checkpoints)) + " " +
         phases[random.below(phases.size())];
}

}  // namespace weir::test
