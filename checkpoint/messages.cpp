#include "checkpoint/messages.hpp"

namespace weir::checkpoint {

std::string_view describe(FailureReason reason) noexcept {
  switch (reason) {
    case FailureReason::trigger_failed: return "its place in the storage could not be prepared";
    case FailureReason::snapshot_failed: return "a subtask could not store its state";
    case FailureReason::expired: return "it took longer than execution.checkpointing.timeout";
    case FailureReason::publish_failed: return "its metadata could not be stored";
    case FailureReason::subsumed: return "a newer checkpoint completed first";
    case FailureReason::alignment_aborted:
      return "a subtask saw the barrier of a newer checkpoint first";
    case FailureReason::tasks_not_running: return "not all subtasks were running";
    case FailureReason::task_failed: return "a subtask failed meanwhile";
    case FailureReason::job_stopping: return "the job is being stopped";
  }
  return "unknown reason";
}

bool is_counted(FailureReason reason) noexcept {
  switch (reason) {
    case FailureReason::trigger_failed:
    case FailureReason::snapshot_failed:
    case FailureReason::expired:
    case FailureReason::publish_failed: return true;
    case FailureReason::subsumed:
    case FailureReason::alignment_aborted:
    case FailureReason::tasks_not_running:
    case FailureReason::task_failed:
    case FailureReason::job_stopping: return false;
  }
  return true;
}

}  // namespace weir::checkpoint
