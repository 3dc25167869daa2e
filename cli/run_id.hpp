// Run ids: a name for each start of a job.
#pragma once

#include <string>

namespace weir::cli {

/// Returns a short text that differs between any two calls on any machine: time and random digits.
std::string new_run_id();

}  // namespace weir::cli
