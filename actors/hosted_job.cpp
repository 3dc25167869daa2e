#include "actors/hosted_job.hpp"

#include "runtime/graph/validate.hpp"

#include <utility>

namespace weir::actors {

Result<HostedJobPtr> host_job(const Job& job, const HostOptions& options, Env& env,
                              base::Logger& log) {
  if (const auto problems = runtime::validate(*job.graph()); !problems.empty())
    return Status{ErrorCode::invalid_argument, runtime::format_problems(job.name(), problems)};
  auto hosted = std::make_shared<HostedJob>();
  hosted->seed = options.seed;
  std::string directory = job.options().checkpoint.storage;
  if (directory.empty()) {
    if (options.restore.from != runtime::RestoreRequest::From::beginning)
      return Status{ErrorCode::invalid_argument,
                    "a job that continues needs a place for its checkpoints: set "
                    "execution.checkpointing.dir"};
    hosted->memory = std::make_shared<base::MemoryEnv>();
    directory = "/checkpoints";
  }
  Env& storage_env = hosted->memory != nullptr ? *hosted->memory : env;
  auto storage = checkpoint::CheckpointStorage::open(storage_env, directory, job.name(),
                                                     options.run, options.takeover);
  if (!storage.ok()) return storage.status();
  hosted->storage = std::move(storage).value();
  auto launch =
      runtime::launch(job.graph(), *hosted->storage, options.restore, log, options.origin);
  if (!launch.ok()) return launch.status();
  hosted->launch = std::move(launch).value();
  hosted->context = std::make_shared<const JobContext>(
      hosted->launch.plan, options.run,
      runtime::snapshot_place(storage_env, hosted->storage->place(), job.options()),
      options.force_bytes);
  return HostedJobPtr{std::move(hosted)};
}

Result<HostedJobPtr> with_plan_of(const Job& job, const HostedJob& hosted) {
  if (const auto problems = runtime::validate(*job.graph()); !problems.empty())
    return Status{ErrorCode::invalid_argument, runtime::format_problems(job.name(), problems)};
  auto other = std::make_shared<HostedJob>(hosted);
  const JobContext& context = *hosted.context;
  other->launch.plan = std::make_shared<const runtime::Plan>(
      runtime::Plan::build(job.graph(), context.plan().max_parallelism()));
  other->context = std::make_shared<const JobContext>(other->launch.plan, context.run(),
                                                      context.place(), context.force_bytes());
  return HostedJobPtr{std::move(other)};
}

}  // namespace weir::actors
