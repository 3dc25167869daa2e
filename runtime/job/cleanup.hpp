// What becomes of a job's checkpoints when it ends.
#pragma once

#include "base/log.hpp"
#include "checkpoint/storage.hpp"
#include "runtime/job/job_machine.hpp"
#include "runtime/job/launch.hpp"

namespace weir::runtime {

/// Fences the last coordinator and deletes what nobody needs any more: all checkpoints of a job
/// that finished, which is noted durably first; those of a cancelled job if its retention says so;
/// always what is incomplete. Blocks. Errors are logged: they leave too much behind, never too
/// little.
void clean_up(checkpoint::CheckpointStorage& storage, const JobLaunch& launch,
              JobOutcome::Kind outcome, base::Logger& log);

}  // namespace weir::runtime
