// The quantities in which checkpoints and failures are reckoned, and the check of their ranges.
//
// Every formula is a pure function of a Model and returns `invalid_argument` if a quantity that it
// reads is out of its range or no number. `docs/operating/interval.md` derives them.
#pragma once

#include <weir/result.hpp>
#include <weir/time.hpp>

#include <chrono>
#include <initializer_list>
#include <limits>
#include <string_view>

namespace weir::advisor {

/// A length of time that formulas can multiply. Every `Duration` converts to it.
using Seconds = std::chrono::duration<double>;

/// A time that never comes.
inline constexpr Seconds kNever{std::numeric_limits<double>::infinity()};

/// A job as the formulas see it. Each formula names the fields that it reads, by their symbols.
struct Model {
  Seconds cost{};      ///< C >= 0: processing time that one checkpoint takes away
  Seconds duration{};  ///< D >= 0: from the trigger of a checkpoint until it is complete
  Seconds mtbf{};      ///< M > 0: mean time between failures of the job; 1 / lambda
  Seconds restart{};   ///< R0 >= 0: from a failure until records are processed again
  double load = 1;     ///< rho >= 0: rate of arrival / highest rate of processing
};

/// Which values of a quantity make sense; all of them are finite.
enum class Range {
  not_negative,  ///< >= 0
  positive,      ///< > 0
};

/// A quantity with its name in messages.
struct Quantity {
  std::string_view name;
  double value;
  Range range;
};

/// Whether the value is in its range; NaN and infinity never are.
bool is_sound(const Quantity& quantity);

/// Returns `invalid_argument`, naming the first quantity that is not sound, or ok.
Status check(std::initializer_list<Quantity> quantities);

Quantity cost_of(const Model& model);
Quantity duration_of(const Model& model);
Quantity mtbf_of(const Model& model);
Quantity restart_of(const Model& model);
Quantity load_of(const Model& model);
Quantity interval_of(Seconds interval);

/// Rounds to nanoseconds. What a `Duration` cannot hold becomes the longest one; not for NaN.
Duration to_duration(Seconds seconds);

}  // namespace weir::advisor
