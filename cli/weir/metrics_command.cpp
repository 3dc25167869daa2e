// weir metrics: what is measured of a job.
#include "cli/metrics_text.hpp"
#include "cli/weir/job_command.hpp"

#include <cstdio>

namespace weir::cli {
namespace {

Status show(actors::RemoteCluster& cluster, const JobCommand& command) {
  const auto families = cluster.metrics(command.job);
  if (families.ok()) std::fputs(metrics_text(*families).c_str(), stdout);
  return families.status();
}

}  // namespace

void add_metrics(CLI::App& tool, Action& action) {
  add_job_command<JobCommand>(tool, action, "metrics",
                              "Show what is measured of a job, as Prometheus reads it", show,
                              kNothingMore);
}

}  // namespace weir::cli
