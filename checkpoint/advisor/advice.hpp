// The advisor: which interval between checkpoints suits a job, why, and what to expect of it.
//
//   const Advice advice = advise({.cost = 200ms, .duration = 2s, .load = 0.5, .mtbf = 24h,
//                                 .restart = 3s},
//                                {.caught_up_within = 30s});
//   // advice.interval == 44 s, advice.bound == Bound::caught_up_within
//   std::string table = to_text(advice);
//
// Pure. The interval is found in this order; a later step may overrule an earlier one:
//   1. the optimum: least waste under exponential failures and the measured load
//   2. not longer than the goal to be caught up in time allows
//   3. within the limits
//   4. not shorter than a checkpoint takes, plus the pause: others would start late anyway
#pragma once

#include "checkpoint/advisor/measured.hpp"
#include "checkpoint/advisor/model.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::advisor {

/// What decided the interval.
enum class Bound {
  optimum,             ///< nothing but cost, load and failures
  caught_up_within,    ///< the goal of that name
  limits,              ///< `Goals::shortest` or `Goals::longest`
  duration_and_pause,  ///< a checkpoint and the pause take that long
  unmeasured,          ///< neither cost nor duration is known: a first guess, to measure with
};

/// Says in a few words what decided.
std::string_view describe(Bound bound) noexcept;

/// The optimum, by different formulas, before any bound; from trigger to trigger. None: failures
/// cost no replay, and the longest interval is best.
struct Optima {
  std::optional<Duration> young = {};       ///< sqrt(2 C M)
  std::optional<Duration> daly = {};        ///< higher order
  std::optional<Duration> exact = {};       ///< exponential failures
  std::optional<Duration> load_aware = {};  ///< sqrt(2 C M / rho)
  std::optional<Duration> best = {};        ///< exact and load aware: what `advise` goes by
};

/// What to expect at an interval.
struct Expected {
  Duration rollback_mean{};
  Duration rollback_max{};
  Duration reached{};                      ///< the point of the failure, after it; mean
  std::optional<Duration> caught_up = {};  ///< with the input, after a failure; none: never, or
                                           ///< the load is not known
  Duration visible_mean{};                 ///< results of two-phase-commit sinks, behind records
  Duration visible_max{};
  double checkpoint_share = 0;  ///< of all time: C / T
  double failure_share = 0;     ///< of all time: restart and replay
  double overhead() const { return checkpoint_share + failure_share; }
};

/// Something is wrong, or not known.
struct Warning {
  enum class Kind {
    not_measured,       ///< something was assumed instead
    nonsense,           ///< a measurement or goal is out of its range, and was left out
    cannot_catch_up,    ///< the load is 1 or more, or near 1
    no_spare_capacity,  ///< what checkpoints and failures take, the input needs
    goal_not_met,       ///< the goal to be caught up in time
    limits_not_kept,    ///< a checkpoint and the pause take longer than the longest interval
  };
  Kind kind = Kind::not_measured;
  std::string text = {};
};

/// Something that would help, with estimates.
struct Hint {
  enum class Kind { incremental, unaligned };
  Kind kind = Kind::incremental;
  Duration duration{};  ///< of a checkpoint then
  Duration interval{};  ///< to recommend then
  std::string text = {};
};

/// The answer of `advise`.
struct Advice {
  Duration interval{};  ///< from trigger to trigger; above 0
  Bound bound = Bound::unmeasured;
  std::string reason = {};  ///< the bound in a sentence, with its numbers
  Optima optima = {};
  std::optional<Expected> expected = {};  ///< none if the bound is `unmeasured`
  std::vector<Warning> warnings = {};
  std::vector<Hint> hints = {};
};

/// Advises on the interval. Takes any input: what is missing or makes no sense is replaced, with a
/// warning. For incremental checkpoints `cost`, `duration` and `upload` hold for about the interval
/// at which they were measured; ask again when it has changed.
Advice advise(const Measured& measured, const Goals& goals = {});

/// Writes the advice for people: a table, then warnings and hints, a line each.
std::string to_text(const Advice& advice);

}  // namespace weir::advisor
