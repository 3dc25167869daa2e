// The values of a job's own flags, on their way from the command line to the processes that build
// the job.
#pragma once

#include "actors/cluster/job_factory.hpp"

#include <weir/run.hpp>

#include <vector>

namespace weir::cli {

/// Returns what the targets of all flags hold.
std::vector<actors::FlagValue> values_of(const Flags& flags);

/// Sets the targets of all flags. `invalid_argument` if there is a value for a flag that there is
/// not, or none for one that there is: the other side runs another program.
Status assign(const Flags& flags, const std::vector<actors::FlagValue>& values);

}  // namespace weir::cli
