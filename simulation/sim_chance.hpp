// What makes simulated schedules unfair, as on a busy machine.
#pragma once

#include "base/random.hpp"

#include <weir/time.hpp>

#include <cstdint>

namespace weir::simulation {

/// Chance, at each step, that time passes although somebody has work.
constexpr double kTimeSlips = 0.03;
/// Chance, at each step, that somebody begins to get no turn for a while.
constexpr double kStarves = 0.03;

/// Draws a number of at most `bits` bits: mostly small, sometimes large.
inline std::uint64_t log_uniform(base::Random& random, std::uint64_t bits) {
  return random.below(std::uint64_t{1} << random.below(bits + 1));
}

/// Draws how much time slips: up to 33 ms.
inline Duration draw_slip(base::Random& random) {
  return Duration{log_uniform(random, 25)};
}

/// Draws how many turns others get meanwhile: up to 512.
inline std::uint64_t draw_starvation(base::Random& random) {
  return log_uniform(random, 9);
}

}  // namespace weir::simulation
