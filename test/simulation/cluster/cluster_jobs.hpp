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

/// numbers -> count per key -> log.
ClusterJob simple_job(const JobOptions& options);
/// Two sources, a union of both, a rebalance, a map with its own parallelism -> count -> log.
ClusterJob wide_job(const JobOptions& options);
/// lines -> words -> count per word -> files.
ClusterJob words_job(const JobOptions& options);

}  // namespace weir::test
