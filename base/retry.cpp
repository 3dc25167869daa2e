#include "base/retry.hpp"

#include "base/text.hpp"

namespace weir::base {

bool is_transient(ErrorCode code) {
  switch (code) {
    case ErrorCode::unavailable:
    case ErrorCode::deadline_exceeded:
    case ErrorCode::unknown_outcome: return true;
    default: return false;
  }
}

std::optional<Duration> Retry::after(const Status& status, Duration now) {
  outcome_ = sum_up(status);
  if (status.ok()) return std::nullopt;
  if (status.code() == ErrorCode::unknown_outcome && !unknown_) unknown_ = status;
  if (!is_transient(status.code()) || options_.timeout == Duration{}) return std::nullopt;
  if (!failed_at_) failed_at_ = now;
  const Duration pause = backoff_.next();
  if (options_.timeout - (now - *failed_at_) < pause) return std::nullopt;
  ++retries_;
  return pause;
}

Status Retry::sum_up(const Status& last) const {
  if (last.ok()) return last;
  std::string message = last.message();
  if (retries_ != 0)
    message += "; tried " + std::to_string(retries_ + 1) + " times within " +
               format_duration(options_.timeout) + " (execution.checkpointing.write-retry.timeout)";
  if (!unknown_ || last.code() == ErrorCode::unknown_outcome) return {last.code(), message};
  return {ErrorCode::unknown_outcome,
          message + "; an attempt before it may have gone well: " + unknown_->message()};
}

}  // namespace weir::base
