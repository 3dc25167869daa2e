#include "actors/hosted_job.hpp"

#include "runtime/graph/validate.hpp"

#include <utility>

namespace weir::actors {

Result<HostedJob> host_job(const Job& job, const HostOptions& options, Env& env,
                           base::Logger& log) {
  if (const auto problems = runtime::validate(*job.graph()); !problems.empty())
    return Status{ErrorCode::invalid_argument, runtime::format_problems(job.name(), problems)};
  HostedJob hosted;
  std::string directory = job.options().checkpoint.storage;
  if (directory.empty()) {
    if (options.restore.from != runtime::RestoreRequest::From::beginning)
      return Status{ErrorCode::invalid_argument,
                    "a job that continues needs a place for its checkpoints: set "
                    "execution.checkpointing.dir"};
    hosted.memory = std::make_unique<base::MemoryEnv>();
    directory = "/checkpoints";
  }
  Env& storage_env = hosted.memory != nullptr ? *hosted.memory : env;
  auto storage =
      checkpoint::CheckpointStorage::open(storage_env, directory, job.name(), options.run);
  if (!storage.ok()) return storage.status();
  hosted.storage = std::move(storage).value();
  auto launch = runtime::launch(job.graph(), *hosted.storage, options.restore, log);
  if (!launch.ok()) return launch.status();
  hosted.context =
      std::make_shared<const JobContext>(JobContext{.launch = std::move(launch).value(),
                                                    .run = options.run,
                                                    .storage = hosted.storage.get(),
                                                    .seed = options.seed,
                                                    .force_bytes = options.force_bytes});
  return hosted;
}

}  // namespace weir::actors
