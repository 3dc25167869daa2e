#include "checkpoint/advisor/model.hpp"

#include "base/assert.hpp"

#include <cmath>
#include <cstdio>
#include <string>

namespace weir::advisor {

bool is_sound(const Quantity& quantity) {
  if (!std::isfinite(quantity.value)) return false;
  return quantity.range == Range::positive ? quantity.value > 0 : quantity.value >= 0;
}

Status check(std::initializer_list<Quantity> quantities) {
  for (const Quantity& quantity : quantities) {
    if (is_sound(quantity)) continue;
    char value[32];
    std::snprintf(value, sizeof value, "%g", quantity.value);
    return {ErrorCode::invalid_argument,
            std::string{quantity.name} + " is " + value + "; it must be a finite number " +
                (quantity.range == Range::positive ? "above 0" : "of at least 0")};
  }
  return {};
}

Quantity cost_of(const Model& model) {
  return {"the cost of a checkpoint in seconds", model.cost.count(), Range::not_negative};
}

Quantity duration_of(const Model& model) {
  return {"the duration of a checkpoint in seconds", model.duration.count(), Range::not_negative};
}

Quantity mtbf_of(const Model& model) {
  return {"the mean time between failures in seconds", model.mtbf.count(), Range::positive};
}

Quantity restart_of(const Model& model) {
  return {"the time of a restart in seconds", model.restart.count(), Range::not_negative};
}

Quantity load_of(const Model& model) {
  return {"the load", model.load, Range::not_negative};
}

Quantity interval_of(Seconds interval) {
  return {"the interval in seconds", interval.count(), Range::positive};
}

Duration to_duration(Seconds seconds) {
  WEIR_ASSERT(!std::isnan(seconds.count()), "a duration must be a number");
  // The nearest double to the longest duration is above it, hence the comparison before the cast.
  const double nanos = seconds.count() * 1e9;
  if (nanos >= static_cast<double>(Duration::max().count())) return Duration::max();
  if (nanos <= static_cast<double>(Duration::min().count())) return Duration::min();
  return Duration{std::llround(nanos)};
}

}  // namespace weir::advisor
