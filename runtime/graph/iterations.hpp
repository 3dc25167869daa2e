// Iterations of a job: operators whose records are fed back to them, directly or by way of others.
#pragma once

#include <weir/detail/graph.hpp>

#include <vector>

namespace weir::runtime {

/// Returns what is wrong with the iterations of a graph: one does not lead back to itself, shares
/// operators with another, or cannot be recorded by the job's checkpoints.
std::vector<Problem> problems_of_iterations(const detail::GraphSpec& graph);

}  // namespace weir::runtime
