// HostedJob: a job with its storage, checked, planned and ready to be run by actors: what its
// master knows besides what all nodes know.
#pragma once

#include "actors/job_context.hpp"
#include "base/log.hpp"
#include "base/memory_env.hpp"
#include "checkpoint/storage.hpp"
#include "runtime/job/launch.hpp"

#include <weir/job.hpp>

#include <memory>
#include <optional>
#include <string>

namespace weir::actors {

/// How a job is to be started.
struct HostOptions {
  runtime::RestoreRequest restore = {};
  std::string run = {};  // must differ between any two starts under one job name
  std::uint64_t seed = 0;
  bool force_bytes = false;
  /// Set if the leader of a cluster starts the job.
  std::optional<checkpoint::Takeover> takeover = {};
  /// Set if the job goes on where another process has left it.
  std::optional<runtime::RunOrigin> origin = {};
};

/// See the file comment. Shared by the job's actors and by the work they have in the pool.
struct HostedJob {
  std::unique_ptr<base::MemoryEnv> memory;  // holds the checkpoints of a job without a directory
  std::unique_ptr<checkpoint::CheckpointStorage> storage;
  runtime::JobLaunch launch;
  JobContextPtr context;
  std::uint64_t seed = 0;  // of jitter
};

using HostedJobPtr = std::shared_ptr<const HostedJob>;

/// Checks the job, opens its storage, chooses the checkpoint to continue from, and builds its plan.
/// Blocks. `env` must outlive the job. `invalid_argument` lists all problems of the job; other
/// codes are those of the storage and of `runtime::launch`.
Result<HostedJobPtr> host_job(const Job& job, const HostOptions& options, Env& env,
                              base::Logger& log);

}  // namespace weir::actors
