// Jobs for a simulated cluster, each with its oracle. All are slow enough to meet some faults.
#pragma once

#include <weir/env.hpp>
#include <weir/job.hpp>

#include <functional>

namespace weir::test {

struct ClusterJob {
  std::function<Job()> build;
  std::function<void(Env& disk)> check;  // that the output is exact
};

/// numbers -> count per key -> log. The log is transactional.
ClusterJob simple_job(const JobOptions& options);
/// Several regions: two sources, a union of both, a rebalance, a map with its own parallelism ->
/// count -> log; and beside it a source -> map -> log, each lane of which restarts alone.
ClusterJob wide_job(const JobOptions& options);
/// lines -> words -> count per word -> files.
ClusterJob words_job(const JobOptions& options);

}  // namespace weir::test
