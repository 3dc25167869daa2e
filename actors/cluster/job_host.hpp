// JobHost: the jobs that a worker runs subtasks of.
#pragma once

#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/services.hpp"
#include "actors/job_context.hpp"

#include <map>

namespace weir::actors {

/// Builds the job that `order` asks for, and checks that it is the same. Blocks. The error says how
/// it differs.
Result<JobContextPtr> build_job_part(const HostJob& order, JobFactory& jobs, Env& env);

/// See the file comment. Ends all of them when it ends.
class JobHost {
public:
  JobHost() = default;
  ~JobHost() { release_all(); }
  JobHost(const JobHost&) = delete;
  JobHost& operator=(const JobHost&) = delete;

  /// Takes the place of an earlier node of the same job.
  void add(JobId job, NodeActor node);
  void release(JobId job);
  void release_all();

private:
  std::map<JobId, NodeActor> nodes_;
};

}  // namespace weir::actors
