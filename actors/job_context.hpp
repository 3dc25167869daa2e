// JobContext: what all actors of one job on one node know about it. It never changes.
#pragma once

#include "checkpoint/storage.hpp"
#include "runtime/job/launch.hpp"

#include <memory>
#include <string>

namespace weir::actors {

struct JobContext {
  runtime::JobLaunch launch;
  std::string run;                         // which start of the job
  checkpoint::CheckpointStorage* storage;  // outlives all actors
  std::uint64_t seed = 0;                  // of jitter
  bool force_bytes = false;                // encode every batch, also within the process

  const runtime::Plan& plan() const { return *launch.plan; }
  const JobOptions& options() const { return launch.plan->graph().options; }
};

using JobContextPtr = std::shared_ptr<const JobContext>;

}  // namespace weir::actors
