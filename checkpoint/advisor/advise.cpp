#include "base/assert.hpp"
#include "checkpoint/advisor/advice.hpp"
#include "checkpoint/advisor/hints.hpp"
#include "checkpoint/advisor/intervals.hpp"
#include "checkpoint/advisor/reckoning.hpp"
#include "checkpoint/advisor/recovery.hpp"
#include "checkpoint/advisor/warnings.hpp"
#include "checkpoint/advisor/wording.hpp"

#include <algorithm>

namespace weir::advisor {
namespace {

std::optional<Duration> finite(Seconds interval) {
  if (interval == kNever) return std::nullopt;
  return to_duration(interval);
}

Optima optima_of(const Reckoning& reckoning) {
  Model model = reckoning.model;
  model.cost = reckoning.saved_cost;
  return {.young = finite(sure(young_interval(model))),
          .daly = finite(sure(daly_interval(model)) + model.cost),
          .exact = finite(sure(exact_interval(model)) + model.cost),
          .load_aware = finite(sure(load_aware_interval(model))),
          .best = finite(best_interval(reckoning))};
}

Expected expect(const Reckoning& reckoning, Seconds interval) {
  const Model& model = reckoning.model;
  // What was lost is replayed at full speed, never slower than it was processed the first time.
  Model replay = model;
  replay.load = std::min(model.load, 1.0);
  const Seconds reached = sure(reach_time(replay, interval));
  Expected result{.rollback_mean = to_duration(sure(mean_rollback(model, interval))),
                  .rollback_max = to_duration(sure(worst_rollback(model, interval))),
                  .reached = to_duration(reached),
                  .visible_mean = to_duration(sure(mean_visibility(model, interval))),
                  .visible_max = to_duration(sure(worst_visibility(model, interval))),
                  .checkpoint_share = model.cost / interval};
  result.failure_share = sure(waste(replay, interval)) - result.checkpoint_share;
  if (reckoning.knows_load()) result.caught_up = finite(sure(catch_up_time(model, interval)));
  return result;
}

std::string reason_of(const Reckoning& reckoning, const Choice& choice) {
  const Model& model = reckoning.model;
  const Goals& goals = reckoning.goals;
  const std::string interval = readable(choice.interval);
  switch (choice.bound) {
    case Bound::optimum:
      return interval + " wastes least: a checkpoint costs " + readable(reckoning.saved_cost) +
             ", the load is " + readable_load(model.load) + ", a failure comes every " +
             readable(model.mtbf);
    case Bound::caught_up_within:
      return interval + " is the longest at which the job is caught up within " +
             readable(*goals.caught_up_within);
    case Bound::limits:
      return interval + " is the " + (choice.interval == goals.shortest ? "shortest" : "longest") +
             " that is allowed";
    case Bound::duration_and_pause:
      return "a checkpoint takes " + readable(model.duration) + ", the pause " +
             readable(goals.min_pause);
    case Bound::unmeasured: return "a first guess, to measure with";
  }
  WEIR_UNREACHABLE("every bound has a reason");
}

}  // namespace

std::string_view describe(Bound bound) noexcept {
  switch (bound) {
    case Bound::optimum: return "optimum";
    case Bound::caught_up_within: return "goal to be caught up in time";
    case Bound::limits: return "limits of the interval";
    case Bound::duration_and_pause: return "duration and pause";
    case Bound::unmeasured: return "nothing is measured";
  }
  WEIR_UNREACHABLE("every bound has a description");
}

Advice advise(const Measured& measured, const Goals& goals) {
  Advice advice;
  const Reckoning reckoning = reckon(measured, goals, advice.warnings);
  const Choice choice = choose(reckoning);
  advice.interval = to_duration(choice.interval);
  advice.bound = choice.bound;
  advice.reason = reason_of(reckoning, choice);
  if (choice.bound == Bound::unmeasured) return advice;

  advice.optima = optima_of(reckoning);
  advice.expected = expect(reckoning, choice.interval);
  warn_of_load(reckoning, choice, *advice.expected, advice.warnings);
  warn_of_goal(reckoning, choice, advice.warnings);
  warn_of_limits(reckoning, choice, advice.warnings);
  if (auto hint = hint_incremental(reckoning, choice.interval)) advice.hints.push_back(*hint);
  if (auto hint = hint_unaligned(reckoning)) advice.hints.push_back(*hint);
  return advice;
}

}  // namespace weir::advisor
