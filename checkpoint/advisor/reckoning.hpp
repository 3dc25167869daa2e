// From measurements to an interval: fills gaps, then applies optimum and bounds in their order.
#pragma once

#include "base/assert.hpp"
#include "checkpoint/advisor/advice.hpp"

#include <optional>
#include <vector>

namespace weir::advisor {

/// Measurements without gaps and nonsense: all formulas take the model.
struct Reckoning {
  Model model = {};
  /// The part of `model.cost` that a longer interval saves: all of it, or of incremental
  /// checkpoints what does not depend on how much has changed.
  Seconds saved_cost{};
  Measured sound = {};  ///< what was measured and makes sense
  Goals goals = {};     ///< likewise

  bool knows_checkpoints() const { return sound.cost || sound.duration; }
  bool knows_load() const { return sound.load.has_value(); }
};

/// Fills the gaps. A warning for each that matters, and for each value that makes no sense.
Reckoning reckon(const Measured& measured, const Goals& goals, std::vector<Warning>& warnings);

/// Returns how long a checkpoint makes a subtask stand still, if both parts of that are measured.
std::optional<Seconds> stalls_of(const Measured& measured);

struct Choice {
  Seconds interval{};
  Bound bound = Bound::optimum;
};

/// Returns the optimum from trigger to trigger: exact for exponential failures under the load.
Seconds best_interval(const Reckoning& reckoning);

/// Chooses the interval; see advice.hpp for the order.
Choice choose(const Reckoning& reckoning);

/// Returns the value of a formula whose model comes from `reckon`: there is no error then.
template <class T>
T sure(const Result<T>& result) {
  WEIR_ASSERT(result.ok(), "formulas must take what was reckoned");
  return *result;
}

}  // namespace weir::advisor
