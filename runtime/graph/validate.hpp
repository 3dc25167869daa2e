// Checks a job before anything starts, and reports everything that is wrong at once.
#pragma once

#include <weir/detail/graph.hpp>

#include <string>
#include <vector>

namespace weir::runtime {

/// Returns all problems of a job, those found while it was declared first; empty if it can run.
std::vector<Problem> validate(const detail::GraphSpec& graph);

/// Joins problems into one text, a line each: "operator: what; cure".
std::string format_problems(const std::string& job, const std::vector<Problem>& problems);

}  // namespace weir::runtime
