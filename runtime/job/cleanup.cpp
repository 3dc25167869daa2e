#include "runtime/job/cleanup.hpp"

#include "checkpoint/savepoint.hpp"

#include <algorithm>

namespace weir::runtime {
namespace {

bool keeps_checkpoints(const JobLaunch& launch, JobOutcome::Kind outcome) {
  switch (outcome) {
    case JobOutcome::Kind::finished: return false;
    case JobOutcome::Kind::cancelled:
      return launch.plan->graph().options.checkpoint.retention == Retention::retain_on_cancellation;
    case JobOutcome::Kind::stopped:
    case JobOutcome::Kind::failed:
    case JobOutcome::Kind::not_restorable: return true;
  }
  return true;
}

}  // namespace

void clean_up(checkpoint::CheckpointStorage& storage, const JobLaunch& launch,
              JobOutcome::Kind outcome, base::Logger& log) {
  auto record = storage.begin_epoch();
  auto complete = storage.list();
  auto all = storage.list_all();
  if (!record.ok() || !complete.ok() || !all.ok()) {
    log.warn("checkpoints cannot be cleaned up", {{"directory", storage.place()}});
    return;
  }
  if (outcome == JobOutcome::Kind::finished) {
    // First the note, then the deletion: in between, a restart with `latest` still knows.
    if (Status status = storage.mark_finished(record->epoch); !status.ok()) {
      log.warn("the end of the job cannot be noted; its checkpoints stay",
               {{"error", status.message()}});
      return;
    }
  }
  if (Status status = storage.drop_changelog(record->epoch); !status.ok())
    log.warn("logs of keyed state cannot be deleted", {{"error", status.message()}});
  const bool keeps = keeps_checkpoints(launch, outcome);
  const bool owns_history = launch.restore.from == RestoreRequest::From::latest;
  if (launch.owns_initial() && !keeps) {
    const Status status = checkpoint::delete_savepoint(storage.env(), launch.initial_path);
    if (!status.ok())
      log.warn("what the job has claimed cannot be deleted",
               {{"path", launch.initial_path}, {"error", status.message()}});
  }
  for (const CheckpointId id : *all) {
    const bool is_complete = std::binary_search(complete->begin(), complete->end(), id);
    const bool is_own = owns_history || id > launch.origin.last_id_before;
    if (is_complete && (keeps || !is_own)) continue;
    if (Status status = storage.drop(record->epoch, id); !status.ok())
      log.warn("a checkpoint cannot be deleted",
               {{"checkpoint", id.value()}, {"error", status.message()}});
  }
}

}  // namespace weir::runtime
