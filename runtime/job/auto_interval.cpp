#include "runtime/job/auto_interval.hpp"

#include "checkpoint/advisor/advice.hpp"
#include "checkpoint/advisor/failure_rate.hpp"
#include "runtime/job/measured_checkpoints.hpp"

#include <utility>

namespace weir::runtime {

AutoInterval::AutoInterval(const CheckpointOptions& options) : options_{options} {}

void AutoInterval::Spent::begin(Duration now) {
  if (!since) since = now;
}

void AutoInterval::Spent::end(Duration now) {
  if (since) before += now - *std::exchange(since, std::nullopt);
}

Duration AutoInterval::Spent::total(Duration now) const {
  return since ? before + (now - *since) : before;
}

void AutoInterval::on_job(JobState state, int restarts, Duration now) {
  restarts_ = restarts;
  if (state == JobState::running) {
    running_.begin(now);
    restarting_.end(now);
  } else {
    running_.end(now);
    const bool will_run =
        state != JobState::finishing && state != JobState::cancelling && state != JobState::ended;
    if (!will_run)
      restarting_.end(now);
    else if (restarts != 0 || state == JobState::failing)
      restarting_.begin(now);
  }
}

std::optional<Duration> AutoInterval::reconsider(Duration now) {
  advisor::Measured measured = measured_of(history_.statistics(), options_);
  if (!measured.duration) return std::nullopt;
  const auto failures = static_cast<std::uint64_t>(restarts_);
  const auto mtbf = advisor::observed_mtbf(running_.total(now), failures);
  if (mtbf.ok()) measured.mtbf = *mtbf;
  if (restarts_ != 0) measured.restart = restarting_.total(now) / restarts_;
  const Duration best = advisor::advise(measured, {.min_pause = options_.min_pause}).interval;
  const Duration change = best > options_.every ? best - options_.every : options_.every - best;
  if (change * 10 < options_.every) return std::nullopt;
  options_.every = best;
  return best;
}

}  // namespace weir::runtime
