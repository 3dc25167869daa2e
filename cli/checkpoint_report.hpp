// How the checkpoints of a job went, for people and for programs.
#pragma once

#include "runtime/job/checkpoint_history.hpp"

#include <string>

namespace weir::cli {

/// Returns lines: how many there were, what is usual, what is under way, and the last ones, the
/// newest first.
std::string describe_checkpoints(const std::string& job,
                                 const runtime::CheckpointStatistics& statistics);

/// Returns lines about one of them: what each subtask took. `not_found` names those that are known.
Result<std::string> describe_checkpoint(const runtime::CheckpointStatistics& statistics,
                                        CheckpointId id);

/// Returns all of it as one JSON object. Durations are in milliseconds, with fractions; times in
/// milliseconds since 1970.
std::string checkpoints_json(const std::string& job,
                             const runtime::CheckpointStatistics& statistics);

}  // namespace weir::cli
