#include "runtime/task/debloater.hpp"

#include <algorithm>
#include <cmath>

namespace weir::runtime {
namespace {

constexpr std::uint32_t kLeast = 2;  // one is processed while the next is on its way

double ratio(Duration a, Duration b) {
  return static_cast<double>(a.count()) / static_cast<double>(b.count());
}

}  // namespace

Debloater::Debloater(const DebloatOptions& options, std::uint32_t batches_max)
    : options_{options}, most_{batches_max}, batches_{batches_max}, smoothed_(batches_max) {}

void Debloater::note_input(bool has_input, Duration now) {
  if (has_input == busy_since_.has_value()) return;
  if (has_input) {
    busy_since_ = now;
  } else {
    sample_.busy += now - *busy_since_;
    busy_since_.reset();
  }
}

bool Debloater::note_batch(Duration now) {
  ++sample_.batches;
  return now - sample_.began >= options_.period;
}

std::optional<std::uint32_t> Debloater::decide(Duration now, std::uint32_t in_use) {
  if (busy_since_) sample_.busy += now - *busy_since_;
  smoothed_ += weight() * (goal(std::max(in_use, 1U)) - smoothed_);
  sample_ = {.began = now};
  if (busy_since_) busy_since_ = now;
  const auto batches = static_cast<std::uint32_t>(std::lround(smoothed_));
  if (!is_worth_it(batches)) return std::nullopt;
  batches_ = batches;
  return batches_;
}

/// What this sample alone would have.
double Debloater::goal(std::uint32_t in_use) const {
  if (sample_.busy <= Duration{}) return most_;
  const double in_time = ratio(options_.target, sample_.busy) * sample_.batches / in_use;
  return std::clamp(in_time, double{kLeast}, double(most_));
}

/// How much this sample counts beside all earlier ones. One that took several periods, since its
/// batches are slow, counts like as many.
double Debloater::weight() const {
  const double one = 2.0 / (options_.samples + 1);
  return 1 - std::pow(1 - one, std::max(1.0, ratio(sample_.busy, options_.period)));
}

/// Both ends always are: the last steps towards them are small.
bool Debloater::is_worth_it(std::uint32_t batches) const {
  if (batches == batches_) return false;
  const double change = std::abs(double(batches) - double(batches_));
  return change * 100 >= double(options_.threshold_percent) * batches_ || batches == most_ ||
         batches == kLeast;
}

}  // namespace weir::runtime
