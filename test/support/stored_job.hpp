// Count jobs that keep their checkpoints in "/checkpoints" of a simulated machine.
#pragma once

#include "test/support/count_job.hpp"

#include <algorithm>
#include <string_view>

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

inline bool has_logged(const testing::Run& run, std::string_view text) {
  return std::any_of(run.log().begin(), run.log().end(),
                     [&](const auto& line) { return line.find(text) != std::string::npos; });
}

}  // namespace weir::test
