#include "runtime/job/restart.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cmath>

namespace weir::runtime {

RestartPolicy::Decision RestartPolicy::on_failure(Duration now) {
  if (scheduled_ && now < *scheduled_) return {true, *scheduled_, false};
  const auto delay =
      std::visit([&](const auto& strategy) { return delay_after(strategy, now); }, strategy_);
  if (!delay) return {};
  scheduled_ = now + *delay;
  ++restarts_;
  return {true, *scheduled_, true};
}

std::optional<Duration> RestartPolicy::delay_after(const restart::None&, Duration) {
  return std::nullopt;
}

std::optional<Duration> RestartPolicy::delay_after(const restart::FixedDelay& fixed, Duration) {
  if (restarts_ >= fixed.attempts) return std::nullopt;
  return fixed.delay;
}

std::optional<Duration> RestartPolicy::delay_after(const restart::FailureRate& rate, Duration now) {
  failures_.push_back(now);
  const auto kept = static_cast<std::size_t>(rate.max_failures) + 1;
  if (failures_.size() > kept) failures_.pop_front();
  if (failures_.size() == kept && now - failures_.front() <= rate.interval) return std::nullopt;
  return rate.delay;
}

std::optional<Duration> RestartPolicy::delay_after(const restart::ExponentialDelay& exponential,
                                                   Duration now) {
  if (scheduled_ && now - *scheduled_ >= exponential.reset_after) attempts_since_reset_ = 0;
  if (attempts_since_reset_ >= exponential.attempts_before_reset) return std::nullopt;
  const double initial = static_cast<double>(exponential.initial.count());
  const double max = static_cast<double>(exponential.max.count());
  const double base =
      std::min(initial * std::pow(exponential.multiplier, attempts_since_reset_), max * 2);
  const double jitter = exponential.jitter * base * (2 * random_.uniform() - 1);
  ++attempts_since_reset_;
  const double delay = std::max(initial, std::min(base + jitter, max));
  return Duration{static_cast<Duration::rep>(delay)};
}

std::string RestartPolicy::describe() const {
  struct Visitor {
    std::string operator()(const restart::None&) const {
      return "no restart strategy is set (restart-strategy.type)";
    }
    std::string operator()(const restart::FixedDelay& fixed) const {
      return "restart-strategy.fixed-delay.attempts = " + std::to_string(fixed.attempts) +
             " are used up";
    }
    std::string operator()(const restart::FailureRate& rate) const {
      return "more than " + std::to_string(rate.max_failures) +
             " failures (restart-strategy.failure-rate.max-failures-per-interval) within " +
             base::format_duration(rate.interval);
    }
    std::string operator()(const restart::ExponentialDelay& exponential) const {
      return "restart-strategy.exponential-delay.attempts-before-reset-backoff = " +
             std::to_string(exponential.attempts_before_reset) + " are used up";
    }
  };
  return std::visit(Visitor{}, strategy_);
}

RestartStrategy effective_strategy(const JobOptions& options) {
  if (options.restart) return *options.restart;
  if (options.checkpoint.every > Duration{}) return restart::ExponentialDelay{};
  return restart::None{};
}

}  // namespace weir::runtime
