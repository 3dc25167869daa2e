#include "checkpoint/advisor/hints.hpp"

#include "base/text.hpp"
#include "checkpoint/advisor/uploads.hpp"
#include "checkpoint/advisor/wording.hpp"

#include <algorithm>
#include <string>

namespace weir::advisor {
namespace {

// A part dominates a checkpoint if it is half of it: without it the rest is at least twice as fast.
constexpr double kDominant = 0.5;
// Below a quarter of the state the upload shrinks enough to pay for keeping track of shared files.
constexpr double kSmallChange = 0.25;

/// Whether `part` dominates the duration, if that is known not to be 0.
bool dominates(const std::optional<Duration>& part, const Model& model) {
  return part && model.duration > Seconds{} && Seconds{*part} >= model.duration * kDominant;
}

std::string change(const Reckoning& before, const Reckoning& after, Seconds interval) {
  return "a checkpoint would take about " + readable(after.model.duration) + " instead of " +
         readable(before.model.duration) + ", and the interval would be " + readable(interval);
}

}  // namespace

std::optional<Hint> hint_incremental(const Reckoning& reckoning, Seconds interval) {
  const Measured& m = reckoning.sound;
  if (m.is_incremental || !m.state_bytes || *m.state_bytes == 0 || !m.changed_bytes_per_second ||
      !dominates(m.upload, reckoning.model))
    return std::nullopt;
  const auto all = static_cast<double>(*m.state_bytes);
  const double bytes =
      sure(incremental_bytes(*m.state_bytes, *m.changed_bytes_per_second, interval));
  if (bytes > all * kSmallChange) return std::nullopt;

  Reckoning after = reckoning;
  const Seconds saved = std::min<Seconds>(reckoning.model.duration, *m.upload) * (1 - bytes / all);
  after.model.duration -= saved;
  // Only the stalls are left to be saved by a longer interval. If they were not measured, the cost
  // is taken to be spread evenly over the duration.
  const Seconds even = reckoning.model.cost * (after.model.duration / reckoning.model.duration);
  after.saved_cost = std::min(reckoning.model.cost, stalls_of(m).value_or(even));
  after.model.cost = std::max(even, after.saved_cost);
  const Choice choice = choose(after);
  return Hint{
      Hint::Kind::incremental, to_duration(after.model.duration), to_duration(choice.interval),
      "incremental checkpoints would upload about " +
          base::format_size(static_cast<std::uint64_t>(bytes)) + " instead of " +
          base::format_size(*m.state_bytes) + ": " + change(reckoning, after, choice.interval)};
}

std::optional<Hint> hint_unaligned(const Reckoning& reckoning) {
  const Measured& m = reckoning.sound;
  if (m.is_unaligned || !dominates(m.alignment, reckoning.model)) return std::nullopt;
  Reckoning after = reckoning;
  const auto without_alignment = [&m](Seconds time) {
    return std::max<Seconds>(time - *m.alignment, m.sync.value_or(Duration{}));
  };
  after.model.duration = without_alignment(reckoning.model.duration);
  after.model.cost = std::min(reckoning.model.cost, without_alignment(reckoning.model.cost));
  after.saved_cost = std::min(reckoning.saved_cost, without_alignment(reckoning.saved_cost));
  const Choice choice = choose(after);
  return Hint{Hint::Kind::unaligned, to_duration(after.model.duration),
              to_duration(choice.interval),
              "unaligned checkpoints would not wait for barriers, which takes " +
                  readable(*m.alignment) + ": " + change(reckoning, after, choice.interval) +
                  "; records in channels are stored instead"};
}

}  // namespace weir::advisor
