// Count jobs that keep their checkpoints in "/checkpoints" of a simulated machine.
#pragma once

#include "test/support/count_job.hpp"
#include "test/support/run_log.hpp"

namespace weir::test {

inline JobOptions on_disk(int tolerable = 0) {
  return {.checkpoint = {.tolerable_failures = tolerable, .storage = "/checkpoints"}};
}

/// State goes to files, however small, and a checkpoint may take so long.
inline JobOptions to_files_only(Duration timeout) {
  JobOptions options = on_disk(100);
  options.checkpoint.timeout = timeout;
  options.checkpoint.inline_threshold = 0;
  return options;
}

}  // namespace weir::test
