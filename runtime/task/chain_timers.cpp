#include "runtime/task/chain_timers.hpp"

#include "runtime/task/user_error.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir::runtime {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLongestWait = std::chrono::seconds{1};

Timestamp millisecond_of(WallTime now) {
  return std::chrono::floor<milliseconds>(now);
}

}  // namespace

void ChainTimers::add(std::string operator_name, detail::OperatorTimers& timers) {
  all_.push_back({std::move(operator_name), &timers});
}

bool ChainTimers::fire_due(WallTime now) {
  const Timestamp passed = millisecond_of(now) - milliseconds{1};
  bool any_left = false;
  for (const Named& some : all_) {
    if (!call_user_code(some.operator_name,
                        [&] { return some.timers->advance_processing_time(passed); }))
      any_left = true;
  }
  return any_left;
}

std::optional<Duration> ChainTimers::until_due(WallTime now) const {
  const Timestamp current = millisecond_of(now);
  std::optional<Duration> least;
  for (const Named& some : all_) {
    const std::optional<Timestamp> next = some.timers->next_processing();
    if (!next) continue;
    const Timestamp looked_for =
        std::clamp(*next, current - milliseconds{1}, current + kLongestWait);
    const Duration wait = std::max<Duration>(looked_for + milliseconds{1} - now, Duration{});
    least = std::min(least.value_or(wait), wait);
  }
  return least;
}

}  // namespace weir::runtime
