#include "checkpoint/advisor/warnings.hpp"

#include "checkpoint/advisor/intervals.hpp"
#include "checkpoint/advisor/recovery.hpp"
#include "checkpoint/advisor/wording.hpp"

#include <algorithm>
#include <string>

namespace weir::advisor {
namespace {

// From here on a second of backlog takes nine and more to work off.
constexpr double kNearFull = 0.9;

/// The goal, and what decides whether it is met.
struct Goal {
  const Model& model;
  Seconds limit;     // L
  Seconds interval;  // T, as chosen
  Bound bound;       // of T

  /// How much a second of backlog costs: rho / (1 - rho).
  double per_second() const { return model.load / (1 - model.load); }
  /// To be caught up if nothing were rolled back but `rollback`.
  Seconds caught_up(Seconds rollback) const {
    return model.restart + (model.restart + rollback) * per_second();
  }
  /// How long T/2 + D may be.
  Seconds rollback_max() const { return (limit - model.restart) / per_second() - model.restart; }
};

std::string why_restart(const Goal& goal) {
  const std::string restart = readable(goal.model.restart);
  if (goal.model.restart >= goal.limit)
    return "the restart alone takes " + restart + "; detect failures sooner, or restore faster";
  return "the restart of " + restart + " and the input that arrives meanwhile take " +
         readable(goal.caught_up({})) + "; restart faster than " +
         readable(goal.limit * (1 - goal.model.load)) + ", or lower the load of " +
         readable_load(goal.model.load) + " below " +
         readable_load(1 - goal.model.restart / goal.limit);
}

/// What to do about the duration D: with T = D, the shortest interval, T/2 + D is 1.5 D.
std::string faster_checkpoints(const Goal& goal, const Goals& goals) {
  return "make checkpoints faster than " + readable(goal.rollback_max() / 1.5) +
         (goals.min_pause > Duration{} ? " and leave out the pause" : "") +
         ", or lower the load of " + readable_load(goal.model.load);
}

std::string why_duration(const Goal& goal, const Goals& goals) {
  return "a checkpoint takes " + readable(goal.model.duration) +
         ", and what it has not completed is replayed: with the restart that is " +
         readable(goal.caught_up(goal.model.duration)) + "; " + faster_checkpoints(goal, goals);
}

std::string why_interval(const Goal& goal, const Goals& goals) {
  const Seconds needed = 2 * (goal.rollback_max() - goal.model.duration);
  const std::string start = "the interval would have to be " + readable(needed) + ", but ";
  if (goal.bound != Bound::duration_and_pause)
    return start + "the shortest allowed is " + readable(goals.shortest) + "; lower that limit";
  const std::string both = start + "a checkpoint of " + readable(goal.model.duration) +
                           " and the pause of " + readable(goals.min_pause) + " take " +
                           readable(goal.interval) + "; ";
  if (needed >= goal.model.duration)
    return both + "lower the pause to " + readable(needed - goal.model.duration);
  return both + faster_checkpoints(goal, goals);
}

std::string why_not_met(const Goal& goal, const Goals& goals) {
  if (goal.caught_up({}) >= goal.limit) return why_restart(goal);
  if (goal.caught_up(goal.model.duration) >= goal.limit) return why_duration(goal, goals);
  return why_interval(goal, goals);
}

}  // namespace

void warn_of_load(const Reckoning& reckoning, const Choice& choice, const Expected& expected,
                  std::vector<Warning>& warnings) {
  if (!reckoning.knows_load()) return;
  const double load = reckoning.model.load;
  const std::string arrives = "input arrives at " + percent(load) +
                              " of the rate that the job can "
                              "process";
  if (load >= 1) {
    warnings.push_back({Warning::Kind::cannot_catch_up,
                        arrives + ": it never catches up after a failure; raise the parallelism"});
    return;
  }
  if (load + expected.overhead() >= 1) {
    warnings.push_back(
        {Warning::Kind::no_spare_capacity,
         arrives + ", and checkpoints every " + readable(choice.interval) +
             " with failures every " + readable(reckoning.model.mtbf) + " take another " +
             percent(expected.overhead()) +
             ": it falls behind; raise the parallelism, or make checkpoints or restarts cheaper"});
  }
  if (load >= kNearFull) {
    warnings.push_back({Warning::Kind::cannot_catch_up,
                        arrives + ": after a failure each second of backlog takes " +
                            readable(Seconds{load / (1 - load)}) +
                            " to work off; raise the parallelism"});
  }
}

void warn_of_goal(const Reckoning& reckoning, const Choice& choice,
                  std::vector<Warning>& warnings) {
  const auto& within = reckoning.goals.caught_up_within;
  if (!within) return;
  const std::string goal_text = "the goal to be caught up within " + readable(*within);
  const auto warn = [&warnings](std::string text) {
    warnings.push_back({Warning::Kind::goal_not_met, std::move(text)});
  };
  if (!reckoning.knows_load()) return warn(goal_text + " had no say, as the load is not measured");
  const Model& model = reckoning.model;
  if (model.load >= 1)
    return warn(goal_text + " is met by no interval: the load is " + readable_load(model.load) +
                "; it must be below 1");
  const Seconds caught_up = sure(catch_up_time(model, choice.interval));
  // The interval that meets the goal exactly is rounded to a nanosecond on its way here.
  if (caught_up <= *within + Seconds{1e-6}) return;
  const Goal goal{model, *within, choice.interval, choice.bound};
  warn(goal_text + " is met by no interval that is possible: " + readable(caught_up) +
       " is the least, at an interval of " + readable(choice.interval) + ", where the optimum is " +
       readable(best_interval(reckoning)) + ". Reason: " + why_not_met(goal, reckoning.goals));
}

void warn_of_limits(const Reckoning& reckoning, const Choice& choice,
                    std::vector<Warning>& warnings) {
  if (choice.interval <= reckoning.goals.longest) return;
  warnings.push_back({Warning::Kind::limits_not_kept,
                      "a checkpoint and the pause take " + readable(choice.interval) +
                          ", longer than the longest interval that is allowed, " +
                          readable(reckoning.goals.longest)});
}

}  // namespace weir::advisor
