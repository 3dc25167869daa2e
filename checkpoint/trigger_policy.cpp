#include "checkpoint/trigger_policy.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace weir::checkpoint {

TriggerPolicy::TriggerPolicy(const TriggerOptions& options)
    : interval_{options.interval},
      interval_in_backlog_{options.interval_in_backlog},
      min_pause_{options.min_pause},
      // A pause between the end of one and the start of the next leaves room for only one.
      max_concurrent_{options.min_pause > Duration{} ? 1 : options.max_concurrent} {
  WEIR_ASSERT(max_concurrent_ >= 1, "at least one checkpoint must be allowed at a time");
}

void TriggerPolicy::start(Duration now, Duration first_delay) {
  is_running_ = true;
  next_periodic_ = now + first_delay;
  last_end_.reset();
}

void TriggerPolicy::stop() {
  is_running_ = false;
  stop_requested_.reset();
  end_of_input_requested_.reset();
}

void TriggerPolicy::set_interval(Duration interval) {
  WEIR_ASSERT(interval_ > Duration{} && interval > Duration{},
              "periodic checkpoints stay periodic");
  const Duration before = this->interval();
  interval_ = interval;
  next_periodic_ += this->interval() - before;
}

void TriggerPolicy::on_backlog(bool is_backlog, Duration now) {
  const Duration before = interval();
  is_backlog_ = is_backlog;
  if (before == Duration{})
    next_periodic_ = now;
  else if (interval() != Duration{})
    next_periodic_ += interval() - before;
}

Duration TriggerPolicy::interval() const {
  const bool has_any = interval_ != Duration{};
  return has_any && is_backlog_ ? interval_in_backlog_.value_or(interval_) : interval_;
}

void TriggerPolicy::request(CheckpointKind kind, Duration earliest) {
  if (kind == CheckpointKind::stop) stop_requested_ = earliest;
  if (kind == CheckpointKind::end_of_input) end_of_input_requested_ = earliest;
  if (kind == CheckpointKind::periodic) next_periodic_ = std::min(next_periodic_, earliest);
}

std::optional<CheckpointKind> TriggerPolicy::take(Duration now, int under_way) {
  if (!is_running_ || !has_room(under_way)) return std::nullopt;
  const auto take_request = [now](std::optional<Duration>& request) {
    const bool is_due = request && *request <= now;
    if (is_due) request.reset();
    return is_due;
  };
  if (take_request(stop_requested_)) return CheckpointKind::stop;
  if (take_request(end_of_input_requested_)) return CheckpointKind::end_of_input;
  if (interval() == Duration{} || now < due()) return std::nullopt;
  // Triggers keep their rhythm; those that were missed while there was no room are not made up for.
  next_periodic_ = std::max(next_periodic_ + interval(), now);
  return CheckpointKind::periodic;
}

std::optional<Duration> TriggerPolicy::next_wake(int under_way) const {
  if (!is_running_ || !has_room(under_way)) return std::nullopt;
  std::optional<Duration> wake;
  const auto earlier = [&wake](Duration at) { wake = wake ? std::min(*wake, at) : at; };
  if (interval() != Duration{}) earlier(due());
  if (stop_requested_) earlier(*stop_requested_);
  if (end_of_input_requested_) earlier(*end_of_input_requested_);
  return wake;
}

Duration TriggerPolicy::due() const {
  return last_end_ ? std::max(next_periodic_, *last_end_ + min_pause_) : next_periodic_;
}

}  // namespace weir::checkpoint
