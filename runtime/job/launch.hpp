// Launch: what happens before subtasks exist: choosing the checkpoint to continue from, building
// the plan, committing what sinks had prepared, listing the splits of sources. Blocking functions;
// they run off the actor threads.
#pragma once

#include "base/log.hpp"
#include "checkpoint/storage.hpp"
#include "runtime/graph/plan.hpp"
#include "runtime/job/restore.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::runtime {

/// Where a job begins, as `--restore` says.
struct RestoreRequest {
  enum class From : std::uint8_t { beginning, latest, path } from = From::beginning;
  std::string path = {};            // for From::path
  bool allow_non_restored = false;  // drop state that no operator takes
};

/// What must be known of a run of a job by a process that goes on with it.
struct RunOrigin {
  CheckpointId last_id_before = {};  // checkpoints of the run have higher ids
  bool is_rerun = false;             // the job had come to its end before the run began
};

/// A job that is about to run: fixed for all its executions.
struct JobLaunch {
  std::shared_ptr<const Plan> plan = {};
  RestoreRequest restore = {};
  RunOrigin origin = {};
  /// The checkpoint that the job continues from; none at a fresh start.
  std::shared_ptr<const checkpoint::CheckpointMetadata> initial = {};
  std::string initial_path = {};
  /// Whether that belongs to the job from now on.
  bool owns_initial() const;
  /// The job has come to its end, and no new run was asked for: there is nothing left to do.
  bool has_finished_before = false;
  /// Something of it ran before: it continues from a checkpoint, or another process had begun it.
  bool goes_on = false;
};

/// Whether what has failed so may go well when it is tried again, with nothing changed by anybody.
bool may_pass(ErrorCode code);

/// Chooses the checkpoint and builds the plan. Of damaged checkpoints the newest undamaged one
/// before them is taken, with a warning. Errors name the checkpoint and the cure. With `origin` no
/// new run begins: the one that began so, by the same request, goes on from its newest checkpoint.
Result<JobLaunch> launch(std::shared_ptr<const detail::GraphSpec> graph,
                         checkpoint::CheckpointStorage& storage, const RestoreRequest& request,
                         base::Logger& log, std::optional<RunOrigin> origin = std::nullopt);

/// What one execution of a job begins with.
struct Execution {
  checkpoint::CoordinatorRecord record = {};  // its epoch, and the highest id ever given out
  std::vector<CheckpointId> retained = {};    // completed checkpoints that it may delete
  std::string claimed = {};  // the directory of one more that it may delete, older than all of them
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

/// What some subtasks begin with when they restart while the others go on.
struct PartExecution {
  std::string directory = {};  // of the checkpoint; state files lie in it
  std::optional<CheckpointId> restored_from = {};
  std::map<SubtaskId, SubtaskRestore> subtasks = {};
  /// By subtask of a source: what it goes on reading; see PartRestore.
  std::map<SubtaskId, std::vector<state::SplitPosition>> positions = {};
};

/// Where a part of an execution goes back to.
struct PartOrigin {
  /// A checkpoint that this execution has completed; see checkpoint::RestorePoint.
  std::optional<CheckpointId> checkpoint = {};
  /// Without one: the directory of the checkpoint that the execution began with
  /// (`Execution::restore.directory`); empty: it began afresh.
  std::string directory = {};
};

/// Prepares the restart of `subtasks`, none of which exists any more, within an execution that goes
/// on: lets their sinks commit what the checkpoint holds for them. What earlier attempts of them
/// left behind uncommitted stays where it is until the job next starts as a whole, since a clean-up
/// would undo what the others are writing. On errors the whole execution must restart.
Result<PartExecution> begin_part(const JobLaunch& launch, const ExecutionContext& context,
                                 const std::set<SubtaskId>& subtasks, const PartOrigin& origin);

}  // namespace weir::runtime
