#include "checkpoint/failure_policy.hpp"

#include <algorithm>

namespace weir::checkpoint {

bool FailurePolicy::on_failure(CheckpointId id, FailureReason reason) {
  if (!is_counted(reason) || id <= last_success_) return false;
  failed_.insert(id);
  if (consecutive() <= tolerable_) return false;
  failed_.clear();
  return true;
}

void FailurePolicy::on_success(CheckpointId id) {
  last_success_ = std::max(last_success_, id);
  failed_.clear();
}

}  // namespace weir::checkpoint
