// What the history of a job's checkpoints says to the advisor.
#pragma once

#include "checkpoint/advisor/measured.hpp"
#include "runtime/job/checkpoint_history.hpp"

namespace weir::runtime {

/// Returns what is usual; nothing is measured if no checkpoint has been completed yet. Load,
/// failures and restarts are not known from checkpoints. How fast state changes is known only of a
/// job that takes incremental checkpoints at an interval.
advisor::Measured measured_of(const CheckpointStatistics& statistics,
                              const CheckpointOptions& options);

}  // namespace weir::runtime
