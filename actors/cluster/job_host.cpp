#include "actors/cluster/job_host.hpp"

#include "runtime/graph/validate.hpp"

#include <utility>

namespace weir::actors {

Result<JobContextPtr> build_job_part(const HostJob& order, JobFactory& jobs, Env& env) {
  auto job = jobs.build(order.spec);
  if (!job.ok()) return job.status();
  if (const auto problems = runtime::validate(*job->graph()); !problems.empty())
    return Status{ErrorCode::failed_precondition, runtime::format_problems(job->name(), problems)};
  auto plan = std::make_shared<const runtime::Plan>(
      runtime::Plan::build(job->graph(), order.max_parallelism));
  const std::string different = runtime::difference(runtime::fingerprint(*plan), order.fingerprint);
  if (!different.empty())
    return Status{ErrorCode::failed_precondition,
                  "its program builds another job than the coordinator's: " + different +
                      "; start all processes from the same program"};
  return std::make_shared<const JobContext>(
      std::move(plan), order.run, runtime::snapshot_place(env, order.directory, job->options()),
      false);
}

void JobHost::add(JobId job, NodeActor node) {
  release(job);
  nodes_.emplace(job, std::move(node));
}

void JobHost::release(JobId job) {
  const auto node = nodes_.find(job);
  if (node == nodes_.end()) return;
  kill_actor(caf::actor_cast<caf::strong_actor_ptr>(node->second));
  nodes_.erase(node);
}

void JobHost::release_all() {
  while (!nodes_.empty()) release(nodes_.begin()->first);
}

}  // namespace weir::actors
