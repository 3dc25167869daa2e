#include "checkpoint/advisor/reckoning.hpp"

#include "checkpoint/advisor/failure_rate.hpp"
#include "checkpoint/advisor/intervals.hpp"
#include "checkpoint/advisor/wording.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir::advisor {
namespace {

// Soon enough to measure the first checkpoint, late enough for a job to have come to its rate.
constexpr Seconds kFirstGuess{60};

using Warnings = std::vector<Warning>;

/// Drops a measurement that makes no sense.
void keep_sound(std::optional<double>& value, std::string_view name, Range range, Warnings& out) {
  if (!value) return;
  const Status status = check({{name, *value, range}});
  if (status.ok()) return;
  out.push_back({Warning::Kind::nonsense, status.message() + "; left out"});
  value.reset();
}

void keep_sound(std::optional<Duration>& value, std::string_view name, Range range, Warnings& out) {
  if (!value) return;
  std::optional<double> seconds = Seconds{*value}.count();
  keep_sound(seconds, std::string{name} + " in seconds", range, out);
  if (!seconds) value.reset();
}

Measured sound(Measured m, Warnings& out) {
  keep_sound(m.cost, "the cost of a checkpoint", Range::not_negative, out);
  keep_sound(m.duration, "the duration of a checkpoint", Range::not_negative, out);
  keep_sound(m.alignment, "the time of alignment", Range::not_negative, out);
  keep_sound(m.sync, "the time of the synchronous part", Range::not_negative, out);
  keep_sound(m.upload, "the time of upload", Range::not_negative, out);
  keep_sound(m.changed_bytes_per_second, "the change of state in bytes per second",
             Range::not_negative, out);
  keep_sound(m.load, "the load", Range::not_negative, out);
  keep_sound(m.mtbf, "the mean time between failures", Range::positive, out);
  keep_sound(m.restart, "the time of a restart", Range::not_negative, out);
  return m;
}

/// Replaces a goal that makes no sense by the default.
void keep_sound(Duration& value, std::string_view name, Range range, Duration fallback,
                Warnings& out) {
  std::optional<Duration> kept = value;
  keep_sound(kept, name, range, out);
  value = kept.value_or(fallback);
}

Goals sound(Goals goals, Warnings& out) {
  const Goals defaults;
  keep_sound(goals.caught_up_within, "the time to be caught up within", Range::positive, out);
  keep_sound(goals.min_pause, "the pause", Range::not_negative, defaults.min_pause, out);
  keep_sound(goals.shortest, "the shortest interval", Range::positive, defaults.shortest, out);
  keep_sound(goals.longest, "the longest interval", Range::positive, defaults.longest, out);
  if (goals.longest < goals.shortest) {
    out.push_back({Warning::Kind::nonsense, "the longest interval, " + readable(goals.longest) +
                                                ", is below the shortest, " +
                                                readable(goals.shortest) + ", which is taken"});
    goals.longest = goals.shortest;
  }
  return goals;
}

void warn_assumed(std::string text, Warnings& out) {
  out.push_back({Warning::Kind::not_measured, std::move(text)});
}

void fill_checkpoint(Measured& m, Warnings& out) {
  if (!m.cost && stalls_of(m)) {
    m.cost = to_duration(*stalls_of(m));
    warn_assumed("the cost of a checkpoint is not measured; reckoned with " + readable(*m.cost) +
                     ", its alignment and synchronous part: the true optimum is longer",
                 out);
  }
  if (!m.cost && m.duration) {
    m.cost = m.duration;
    warn_assumed("the cost of a checkpoint is not measured; reckoned with " + readable(*m.cost) +
                     ", its whole duration: the true optimum is shorter",
                 out);
  }
  if (m.cost && !m.duration) {
    m.duration = m.cost;
    warn_assumed("the duration of a checkpoint is not measured; reckoned with " +
                     readable(*m.duration) + ", its cost: a failure throws back further than said",
                 out);
  }
}

void warn_missing(const Measured& m, Warnings& out) {
  if (!m.cost && !m.duration)
    warn_assumed("neither cost nor duration of a checkpoint is measured; take one, and ask again",
                 out);
  if (!m.mtbf)
    warn_assumed("the mean time between failures is not measured; reckoned with " +
                     readable(kUnknownMtbf) + ": the optimum grows with its square root",
                 out);
  if (!m.restart)
    warn_assumed(
        "the time of a restart is not measured; reckoned with 0 s: recovery takes longer "
        "than said",
        out);
  if (!m.load)
    warn_assumed(
        "the load is not measured; reckoned with 1: the true optimum is longer, and when "
        "the job catches up is not known",
        out);
}

}  // namespace

std::optional<Seconds> stalls_of(const Measured& measured) {
  if (!measured.alignment || !measured.sync) return std::nullopt;
  return Seconds{*measured.alignment} + *measured.sync;
}

Reckoning reckon(const Measured& measured, const Goals& goals, Warnings& warnings) {
  Reckoning result;
  Measured& m = result.sound = sound(measured, warnings);
  result.goals = sound(goals, warnings);
  fill_checkpoint(m, warnings);
  warn_missing(m, warnings);
  result.model = {.cost = m.cost.value_or(Duration{}),
                  .duration = m.duration.value_or(Duration{}),
                  .mtbf = m.mtbf.value_or(kUnknownMtbf),
                  .restart = m.restart.value_or(Duration{}),
                  .load = m.load.value_or(1)};
  result.saved_cost = result.model.cost;
  if (m.is_incremental && stalls_of(m))
    result.saved_cost = std::min(result.saved_cost, *stalls_of(m));
  return result;
}

Seconds best_interval(const Reckoning& reckoning) {
  Model model = reckoning.model;
  model.cost = reckoning.saved_cost;
  // A job cannot replay faster than it can process, nor slower than what it processed came.
  model.load = std::min(model.load, 1.0);
  // The formula counts the work between two checkpoints, an interval the checkpoint as well.
  return sure(exact_interval_under_load(model)) + model.cost;
}

Choice choose(const Reckoning& reckoning) {
  const Goals& goals = reckoning.goals;
  if (!reckoning.knows_checkpoints()) {
    const Seconds first = std::clamp<Seconds>(kFirstGuess, goals.shortest, goals.longest);
    return {std::max<Seconds>(first, goals.min_pause), Bound::unmeasured};
  }
  Choice choice{best_interval(reckoning), Bound::optimum};
  const auto bind = [&choice](Seconds interval, Bound bound) {
    if (interval != choice.interval) choice = {interval, bound};
  };
  // At a load of 1 and more no interval lets the job catch up: the goal has no say.
  if (goals.caught_up_within && reckoning.knows_load() && reckoning.model.load < 1) {
    const Seconds longest = sure(longest_to_catch_up(reckoning.model, *goals.caught_up_within));
    bind(std::min(choice.interval, longest), Bound::caught_up_within);
  }
  bind(std::clamp<Seconds>(choice.interval, goals.shortest, goals.longest), Bound::limits);
  const Seconds possible = sure(shortest_possible(reckoning.model, goals.min_pause));
  bind(std::max(choice.interval, possible), Bound::duration_and_pause);
  return choice;
}

}  // namespace weir::advisor
