// JobView: a read-only picture of a job for whoever shows it: progress lines, tests, a web page.
#pragma once

#include "checkpoint/coordinator.hpp"
#include "runtime/job/job_machine.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace weir::runtime {

/// With how many subtasks a job runs.
struct JobScale {
  std::uint32_t parallelism = 0;  // of operators that have none of their own
  std::string last_rescale = {};  // "rescaled from 2 to 3: worker w3 joined"; "" if there was none
};

/// What the subtasks that have begun last had to read. Of those with state in files: how many there
/// are, and how many needed nothing but the copies of their nodes.
struct RestoredState {
  std::optional<CheckpointId> from;
  std::uint32_t subtasks = 0;
  std::uint32_t locally = 0;
};

/// See the file comment. A copy; it does not change.
struct JobView {
  JobState state = JobState::created;
  AttemptId attempt;
  int restarts = 0;
  std::string last_failure;
  std::string waiting_for;                     // when scheduling: what is missing
  std::uint64_t records_in = 0;                // read by sources, in this execution
  std::uint64_t records_out = 0;               // written to sinks, in this execution
  std::uint64_t transactions_lost = 0;         // by the stores of sinks, in this execution
  std::uint64_t records_in_before = 0;         // read by sources, in all earlier executions
  std::uint64_t transactions_lost_before = 0;  // likewise
  std::uint64_t checkpoints_completed = 0;
  std::uint64_t checkpoints_failed = 0;
  std::optional<checkpoint::CheckpointReport> last_checkpoint;
  RestoredState restored;
  std::optional<JobOutcome> outcome;  // once the job has ended
  JobScale scale;
};

/// Hears of changes, on the thread of the job's actor; must not block.
class JobObserver {
public:
  virtual ~JobObserver() = default;
  virtual void on_view(const JobView& view) = 0;
};

}  // namespace weir::runtime
