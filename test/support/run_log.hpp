// What a simulated run has logged.
#pragma once

#include <weir/testing/cluster.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace weir::test {

/// Whether a line of the log has this in it.
inline bool has_logged(const testing::Run& run, std::string_view part) {
  return std::any_of(run.log().begin(), run.log().end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

/// Whether a checkpoint has done without a region.
inline bool was_regional(const testing::Run& run) {
  return has_logged(run, "it takes over what an earlier one has");
}

}  // namespace weir::test
