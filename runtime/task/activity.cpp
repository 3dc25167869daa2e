#include "runtime/task/activity.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {
namespace {

constexpr Duration kWindow = std::chrono::seconds{1};  // what people call "now"

}  // namespace

void Activity::begin(Duration now) {
  pass(now, recent_);
  changed_at_ = now;
  roll(now);
}

void Activity::end(Duration now, Between next) {
  const Duration turn = now - changed_at_;
  recent_.busy += turn;
  recent_.longest_turn = std::max(recent_.longest_turn, turn);
  changed_at_ = now;
  between_ = next;
}

TimeSpent Activity::spent(Duration now) const {
  TimeSpent spent = recent_;
  pass(now, spent);
  spent.busy += before_.busy;
  spent.back_pressured += before_.back_pressured;
  spent.idle += before_.idle;
  spent.longest_turn = std::max(spent.longest_turn, before_.longest_turn);
  return spent;
}

void Activity::roll(Duration now) {
  if (now - window_began_ < kWindow) return;
  before_ = std::exchange(recent_, {});
  window_began_ = now;
}

/// A wait that was longer than a window counts as one: else it would hide all that came later.
void Activity::pass(Duration until, TimeSpent& into) const {
  const Duration time = std::min(until - changed_at_, kWindow);
  switch (between_) {
    case Between::idle: into.idle += time; break;
    case Between::busy: into.busy += time; break;
    case Between::back_pressured: into.back_pressured += time; break;
  }
}

}  // namespace weir::runtime
