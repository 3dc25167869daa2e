#include "runtime/job/launch.hpp"

#include "base/paths.hpp"
#include "runtime/task/commit_run.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace weir::runtime {
namespace {

using checkpoint::CheckpointMetadata;
using checkpoint::CheckpointStorage;
using detail::OperatorSpec;

struct Chosen {
  std::shared_ptr<const CheckpointMetadata> metadata;
  std::string path;
};

/// Returns the newest checkpoint with an id above `after` that can be read, or none if there is no
/// such checkpoint at all. `corrupt` if there are some and all are damaged: whoever began anew then
/// would repeat what they have committed.
Result<std::optional<Chosen>> newest_readable(const CheckpointStorage& storage, CheckpointId after,
                                              base::Logger& log) {
  auto ids = storage.list();
  if (!ids.ok()) return ids.status();
  Status newest_damage;
  for (auto id = ids->rbegin(); id != ids->rend() && *id > after; ++id) {
    auto metadata = storage.load(*id);
    if (metadata.ok())
      return std::optional{
          Chosen{std::make_shared<const CheckpointMetadata>(std::move(metadata).value()),
                 storage.path_of(*id)}};
    // A newer format is no damage: going back behind it would undo work that is safe.
    if (metadata.status().code() == ErrorCode::failed_precondition) return metadata.status();
    log.warn("skipping a damaged checkpoint: results since the one before it may be written again",
             {{"checkpoint", id->value()}, {"error", metadata.status().message()}});
    if (newest_damage.ok()) newest_damage = metadata.status();
  }
  if (!newest_damage.ok())
    return Status{ErrorCode::corrupt,
                  "no checkpoint in " + storage.place() +
                      " can be used; the newest: " + newest_damage.message() +
                      "; put back a copy of it, or begin anew in other directories"};
  return std::optional<Chosen>{};
}

/// The same, but of the savepoint that the job was stopped behind as well: what it holds has been
/// committed, so that no checkpoint before it may take its place.
Result<std::optional<Chosen>> newest_of_history(const CheckpointStorage& storage,
                                                const checkpoint::CoordinatorRecord& record,
                                                Env& env, CheckpointId after, base::Logger& log) {
  if (record.savepoint.empty() || record.savepoint_id <= after)
    return newest_readable(storage, after, log);
  auto newer = newest_readable(storage, record.savepoint_id, log);
  if (!newer.ok() || *newer) return newer;
  auto metadata = CheckpointStorage::load(env, record.savepoint);
  if (!metadata.ok())
    return metadata.status().with_context(
        "the job was stopped behind the savepoint " + record.savepoint +
        ", which cannot be used (if it was moved, name its new place with --restore PATH)");
  return std::optional{Chosen{
      std::make_shared<const CheckpointMetadata>(std::move(metadata).value()), record.savepoint}};
}

/// Calls user code that may throw and returns its Result.
template <class F>
auto catching(const std::string& operator_name, F&& f) -> decltype(f()) {
  const std::string context = "operator \"" + operator_name + "\"";
  try {
    auto result = f();
    if constexpr (requires { result.status(); }) {
      if (!result.ok()) return result.status().with_context(context);
      return result;
    } else {
      return result.with_context(context);
    }
  } catch (const std::exception& error) {
    return Status{ErrorCode::internal, context + ": " + error.what()};
  }
}

std::uint32_t parallelism_of(const Plan& plan, const OperatorSpec& op) {
  const int own = op.parallelism != 0 ? op.parallelism : plan.graph().options.parallelism;
  return static_cast<std::uint32_t>(own);
}

std::string lost_advice(const Status& status) {
  return status.message() +
         "; its records cannot be committed any more. Set weir.sink.lost-transactions to skip to "
         "go "
         "on without them";
}

/// Returns the committing half of a transactional sink, or null if it has none.
std::unique_ptr<detail::Committer> committer_of(const Plan& plan, const OperatorSpec& op,
                                                std::uint32_t subtask, bool is_restored,
                                                const ExecutionContext& context) {
  if (op.sink == nullptr || op.sink->delivery() != Delivery::transactional) return nullptr;
  return op.sink->make_committer({{.job = plan.graph().name,
                                   .name = op.name,
                                   .subtask = subtask,
                                   .parallelism = parallelism_of(plan, op),
                                   .attempt = context.attempt.value()},
                                  context.run,
                                  context.env,
                                  context.clock,
                                  is_restored});
}

/// Commits what a checkpoint holds for a sink.
Status commit(const Plan& plan, const OperatorSpec& op, detail::Committer& committer,
              const std::vector<Bytes>& transactions, base::Logger& log) {
  const CommitRun run = commit_all(committer, transactions, plan.graph().options.lost_transactions);
  if (run.lost != 0)
    log.error("records are lost: the store of a sink has lost transactions",
              {{"operator", op.name}, {"count", run.lost}, {"first", run.first_lost}});
  if (run.is_permanent) return {ErrorCode::corrupt, lost_advice(run.status)};
  return run.status;
}

Status recover_sinks(const Plan& plan, const RestorePlan& restore, bool is_restored,
                     const ExecutionContext& context) {
  for (const OperatorSpec& op : plan.graph().operators) {
    const auto at = restore.transactions.find(op.name);
    Status status = catching(op.name, [&]() -> Status {
      const auto committer = committer_of(plan, op, 0, is_restored, context);
      if (committer == nullptr) return {};
      if (at != restore.transactions.end()) {
        Status committed = commit(plan, op, *committer, at->second, context.log);
        if (!committed.ok()) return committed;
      }
      return committer->clean_up();
    });
    if (!status.ok()) return status;
  }
  return {};
}

/// Lets the sinks of some subtasks commit what a checkpoint holds for them.
Status commit_part(const Plan& plan, const PartRestore& part, const ExecutionContext& context) {
  for (const OperatorSpec& op : plan.graph().operators) {
    for (const auto& [sink, transactions] : part.transactions) {
      const auto& [name, subtask] = sink;
      if (name != op.name) continue;
      Status status = catching(op.name, [&, index = subtask, &waiting = transactions]() -> Status {
        const auto committer = committer_of(plan, op, index, true, context);
        if (committer == nullptr) return {};
        return commit(plan, op, *committer, waiting, context.log);
      });
      if (!status.ok()) return status;
    }
  }
  return {};
}

/// Lists the splits of sources that the checkpoint says nothing about.
Status list_splits(const Plan& plan, const ExecutionContext& context, RestorePlan& restore) {
  for (const OperatorSpec& op : plan.graph().operators) {
    if (op.source == nullptr || restore.splits.contains(op.name)) continue;
    const SourceContext source{context.env, context.clock, parallelism_of(plan, op)};
    auto splits = catching(op.name, [&] { return op.source->list(source); });
    if (!splits.ok()) return splits.status();
    auto& positions = restore.splits[op.name];
    for (Split& split : *splits) positions.push_back({std::move(split), std::nullopt});
  }
  return {};
}

/// Deletes what crashed executions left half done. Nobody can ever use it: a checkpoint without
/// metadata cannot be restored, and its writers are fenced.
void drop_incomplete(CheckpointStorage& storage, Epoch epoch, base::Logger& log) {
  auto all = storage.list_all();
  auto complete = storage.list();
  if (!all.ok() || !complete.ok()) return;
  for (const CheckpointId id : *all) {
    if (std::binary_search(complete->begin(), complete->end(), id)) continue;
    if (Status status = storage.drop(epoch, id); !status.ok())
      log.warn("an incomplete checkpoint cannot be deleted",
               {{"checkpoint", id.value()}, {"error", status.message()}});
  }
}

/// What an earlier execution has left goes, also if this one has no logs.
Status begin_logs(const JobLaunch& launch, CheckpointStorage& storage, Epoch epoch) {
  const bool has_logs = launch.plan->graph().options.state.changelog.enabled;
  return has_logs ? storage.begin_changelog(epoch) : storage.drop_changelog(epoch);
}

/// A job that had finished runs again. What power failure kept it from deleting then must go, or
/// `latest` would take it for a checkpoint of the new run, whose results would be missing.
Status begin_again(CheckpointStorage& storage, Epoch epoch, const JobLaunch& launch) {
  if (launch.initial == nullptr) {
    auto left = storage.list_all();
    if (!left.ok()) return left.status();
    for (const CheckpointId id : *left) {
      if (Status status = storage.drop(epoch, id); !status.ok()) return status;
    }
  }
  return storage.mark_finished(epoch, false);
}

/// Whether the note that the job is finished was made by this run, not by one before it. A run
/// takes that note away before it gives out its first id, and takes a checkpoint at its end.
bool has_finished_since(const RunOrigin& origin, const checkpoint::CoordinatorRecord& record) {
  return !origin.is_rerun || record.last_id > origin.last_id_before;
}

}  // namespace

bool JobLaunch::owns_initial() const {
  return initial != nullptr && restore.from == RestoreRequest::From::path &&
         plan->graph().options.claim_mode == ClaimMode::claim;
}

bool may_pass(ErrorCode code) {
  switch (code) {
    case ErrorCode::out_of_space:
    case ErrorCode::unavailable:
    case ErrorCode::deadline_exceeded:
    case ErrorCode::unknown_outcome: return true;
    default: return false;
  }
}

Result<JobLaunch> launch(std::shared_ptr<const detail::GraphSpec> graph, CheckpointStorage& storage,
                         const RestoreRequest& request, base::Logger& log,
                         std::optional<RunOrigin> origin) {
  JobLaunch launch{
      .plan = nullptr, .restore = request, .origin = {}, .initial = nullptr, .initial_path = {}};
  auto record = storage.begin_epoch();
  if (!record.ok()) return record.status();
  launch.origin = origin.value_or(RunOrigin{record->last_id, record->is_finished});
  const bool from_latest = request.from == RestoreRequest::From::latest;
  launch.has_finished_before =
      record->is_finished && (origin ? has_finished_since(*origin, *record) : from_latest);
  if ((from_latest || origin) && !launch.has_finished_before) {
    const CheckpointId after = from_latest ? CheckpointId{} : launch.origin.last_id_before;
    auto chosen = newest_of_history(storage, *record, storage.env(), after, log);
    if (!chosen.ok()) return chosen.status();
    if (*chosen) {
      launch.initial = (*chosen)->metadata;
      launch.initial_path = (*chosen)->path;
    }
  }
  const bool is_over = origin && launch.has_finished_before;
  if (request.from == RestoreRequest::From::path && launch.initial == nullptr && !is_over) {
    const std::string path = checkpoint::strip_scheme(request.path);
    auto metadata = CheckpointStorage::load(storage.env(), path);
    if (!metadata.ok())
      return metadata.status().with_context("--restore " + request.path +
                                            " names no usable checkpoint (expected "
                                            "DIRECTORY/JOB/chk-N or a savepoint)");
    launch.initial = std::make_shared<const CheckpointMetadata>(std::move(metadata).value());
    const bool names_file = base::name_of(path) == "_metadata";
    launch.initial_path = names_file ? base::parent_of(path) : path;
  }
  if (launch.initial != nullptr && launch.initial->kind == checkpoint::CheckpointKind::drain)
    log.warn("the job was drained: it reads nothing more, commits what is left and finishes",
             {{"savepoint", launch.initial_path}});
  launch.goes_on = origin.has_value() || launch.initial != nullptr;
  // An explicit max parallelism must match what was written; one that was chosen is adopted.
  auto max = static_cast<std::uint32_t>(graph->options.max_parallelism);
  if (max == 0 && launch.initial != nullptr) max = launch.initial->max_parallelism;
  if (max != 0) {
    for (const OperatorSpec& op : graph->operators) {
      const int own = op.parallelism != 0 ? op.parallelism : graph->options.parallelism;
      if (static_cast<std::uint32_t>(own) > max)
        return Status{ErrorCode::failed_precondition,
                      "operator \"" + op.name + "\" has parallelism " + std::to_string(own) +
                          ", but the checkpoint was written with max parallelism " +
                          std::to_string(max) + "; lower the parallelism"};
    }
  }
  launch.plan = std::make_shared<const Plan>(Plan::build(std::move(graph), max));
  if (launch.initial != nullptr) {  // refuse before anything is touched
    auto fits = make_restore_plan(*launch.plan, *launch.initial, request.allow_non_restored);
    if (!fits.ok()) return fits.status().with_context(launch.initial_path);
    for (const std::string& change : fits->changes)
      log.info("a type has changed since the checkpoint", {{"what", change}});
  }
  return launch;
}

Result<Execution> begin_execution(const JobLaunch& launch, const ExecutionContext& context) {
  auto record = context.storage.begin_epoch();
  if (!record.ok()) return record.status();
  Execution execution{.record = std::move(record).value(),
                      .retained = {},
                      .claimed = launch.owns_initial() ? launch.initial_path : "",
                      .restored_from = std::nullopt,
                      .restore = {}};
  // A job that continues its own history may go back in it; another has only what it wrote itself.
  const bool owns_history = launch.restore.from == RestoreRequest::From::latest;
  const CheckpointId after = owns_history ? CheckpointId{} : launch.origin.last_id_before;
  auto newest =
      newest_of_history(context.storage, execution.record, context.env, after, context.log);
  if (!newest.ok()) return newest.status();
  auto metadata = launch.initial;
  std::string path = launch.initial_path;
  if (*newest) {
    metadata = (*newest)->metadata;
    path = (*newest)->path;
  }
  if (metadata != nullptr) {
    auto plan = make_restore_plan(*launch.plan, *metadata, launch.restore.allow_non_restored);
    if (!plan.ok()) return plan.status().with_context(path);
    execution.restore = std::move(plan).value();
    execution.restore.directory = path;
    execution.restored_from = metadata->id;
  } else {
    for (const SubtaskId subtask : launch.plan->subtasks()) execution.restore.subtasks[subtask];
  }
  drop_incomplete(context.storage, execution.record.epoch, context.log);
  if (Status status = begin_logs(launch, context.storage, execution.record.epoch); !status.ok())
    return status;
  auto complete = context.storage.list();
  if (!complete.ok()) return complete.status();
  for (const CheckpointId id : *complete) {
    if (owns_history || id > launch.origin.last_id_before) execution.retained.push_back(id);
  }
  const bool is_restored = metadata != nullptr;
  if (Status status = recover_sinks(*launch.plan, execution.restore, is_restored, context);
      !status.ok())
    return status;
  if (Status status = list_splits(*launch.plan, context, execution.restore); !status.ok())
    return status;
  if (execution.record.is_finished) {
    if (Status status = begin_again(context.storage, execution.record.epoch, launch); !status.ok())
      return status;
  }
  return execution;
}

Result<PartExecution> begin_part(const JobLaunch& launch, const ExecutionContext& context,
                                 const std::set<SubtaskId>& subtasks, const PartOrigin& origin) {
  PartExecution execution{.directory = origin.directory};
  if (origin.checkpoint) execution.directory = context.storage.path_of(*origin.checkpoint);
  if (execution.directory.empty()) {  // from the beginning
    for (const SubtaskId subtask : subtasks) execution.subtasks[subtask];
    return execution;
  }
  auto metadata = CheckpointStorage::load(context.storage.env(), execution.directory);
  if (!metadata.ok()) return metadata.status();
  auto part =
      make_part_restore(*launch.plan, *metadata, subtasks, launch.restore.allow_non_restored);
  if (!part.ok()) return part.status().with_context(execution.directory);
  execution.restored_from = metadata->id;
  execution.subtasks = std::move(part->subtasks);
  // What the execution began with may have been written by other subtasks. Its transactions were
  // committed then, and its splits were all handed out by this execution.
  if (!origin.checkpoint) return execution;
  execution.positions = std::move(part->positions);
  if (Status status = commit_part(*launch.plan, *part, context); !status.ok()) return status;
  return execution;
}

}  // namespace weir::runtime
