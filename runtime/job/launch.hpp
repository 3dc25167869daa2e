// Launch: what happens before subtasks exist: choosing the checkpoint to continue from, building
// the plan, committing what sinks had prepared, listing the splits of sources. Blocking functions;
// they run off the actor threads.
#pragma once

#include "base/log.hpp"
#include "checkpoint/storage.hpp"
#include "runtime/graph/plan.hpp"
#include "runtime/job/restore.hpp"

#include <memory>
#include <optional>
#include <string>

namespace weir::runtime {

/// Where a job begins, as `--restore` says.
struct RestoreRequest {
  enum class From : std::uint8_t { beginning, latest, path } from = From::beginning;
  std::string path = {};            // for From::path
  bool allow_non_restored = false;  // drop state that no operator takes
};

/// A job that is about to run: fixed for all its executions.
struct JobLaunch {
  std::shared_ptr<const Plan> plan = {};
  RestoreRequest restore = {};
  CheckpointId last_id_before = {};  // checkpoints of this run have higher ids
  /// The checkpoint that the job continues from; none at a fresh start.
  std::shared_ptr<const checkpoint::CheckpointMetadata> initial = {};
  std::string initial_path = {};
  /// `latest` was asked for, and the job has come to its end: there is nothing left to do.
  bool has_finished_before = false;
};

/// Chooses the checkpoint and builds the plan. Of damaged checkpoints the newest undamaged one
/// before them is taken, with a warning. Errors name the checkpoint and the cure.
Result<JobLaunch> launch(std::shared_ptr<const detail::GraphSpec> graph,
                         checkpoint::CheckpointStorage& storage, const RestoreRequest& request,
                         base::Logger& log);

/// What one execution of a job begins with.
struct Execution {
  checkpoint::CoordinatorRecord record = {};  // its epoch, and the highest id ever given out
  std::vector<CheckpointId> retained = {};    // completed checkpoints that it may delete
  std::optional<CheckpointId> restored_from = {};
  RestorePlan restore = {};  // with the splits of all sources
};

/// What launching an execution needs from its surroundings.
struct ExecutionContext {
  checkpoint::CheckpointStorage& storage;
  Env& env;  // of sources and sinks
  const Clock& clock;
  std::string run;
  AttemptId attempt;
  base::Logger& log;
};

/// Begins an execution: fences all earlier ones, finds the newest checkpoint of this run (or the
/// one that the job continues from), deletes what crashed executions left half done, lets sinks
/// commit and clean up, and lists the splits of sources that have none restored.
Result<Execution> begin_execution(const JobLaunch& launch, const ExecutionContext& context);

}  // namespace weir::runtime
