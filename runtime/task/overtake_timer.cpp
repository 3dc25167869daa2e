#include "runtime/task/overtake_timer.hpp"

#include <algorithm>

namespace weir::runtime {

void OvertakeTimer::arm(const checkpoint::Barrier& barrier, Duration now, WallTime wall) {
  armed_.reset();
  if (barrier.mode != checkpoint::BarrierMode::aligned_then_unaligned) return;
  // Clocks of two hosts differ: one that is behind must not make it longer than it is.
  const Duration passed = std::max<Duration>(wall - barrier.triggered_at, Duration{});
  armed_ = {barrier.id, now + std::max(timeout_ - passed, Duration{})};
}

std::optional<Duration> OvertakeTimer::at() const {
  if (!armed_) return std::nullopt;
  return armed_->at;
}

std::optional<CheckpointId> OvertakeTimer::take_due(Duration now) {
  if (!armed_ || now < armed_->at) return std::nullopt;
  const CheckpointId id = armed_->id;
  armed_.reset();
  return id;
}

}  // namespace weir::runtime
