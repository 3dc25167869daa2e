// FailurePolicy: how many checkpoints may fail before the job does (Flink:
// CheckpointFailureManager).
#pragma once

#include "checkpoint/messages.hpp"

#include <set>

namespace weir::checkpoint {

/// Counts failed checkpoints one after the other. Each id counts once, only if it is newer than the
/// last success, and only for reasons that `is_counted` names.
class FailurePolicy {
public:
  explicit FailurePolicy(int tolerable) : tolerable_{tolerable} {}

  /// Returns whether the job must fail now. The count begins anew when it does.
  bool on_failure(CheckpointId id, FailureReason reason);
  void on_success(CheckpointId id);

  int consecutive() const { return static_cast<int>(failed_.size()); }

private:
  int tolerable_;
  std::set<CheckpointId> failed_;  // since the last success
  CheckpointId last_success_;
};

}  // namespace weir::checkpoint
