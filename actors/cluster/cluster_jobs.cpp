#include "actors/cluster/cluster_jobs.hpp"

#include "base/assert.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace weir::actors {
namespace {

/// The newest job of which `f` is true.
template <class F>
ClusterJob* find_newest(ClusterJobs::Map& jobs, const F& f) {
  const auto at =
      std::find_if(jobs.rbegin(), jobs.rend(), [&](const auto& entry) { return f(entry.second); });
  return at == jobs.rend() ? nullptr : &at->second;
}

}  // namespace

ClusterJob& ClusterJobs::add(JobId id) {
  last_ = std::max(last_, id);
  ClusterJob& job = jobs_[id];
  job.id = id;
  return job;
}

std::vector<JobId> ClusterJobs::forget_ended(std::size_t kept) {
  WEIR_ASSERT(kept > 0, "who says that a job has ended goes on to speak of it");
  if (ended_.size() <= kept) return {};
  const JobId greatest = jobs_.rbegin()->first;
  const auto last = ended_.end() - static_cast<std::ptrdiff_t>(kept);
  const auto first =
      std::stable_partition(ended_.begin(), last, [&](JobId id) { return id == greatest; });
  std::vector<JobId> forgotten{first, last};
  ended_.erase(first, last);
  for (const JobId id : forgotten) jobs_.erase(id);
  return forgotten;
}

ClusterJob* ClusterJobs::find(JobId id) {
  const auto job = jobs_.find(id);
  return job == jobs_.end() ? nullptr : &job->second;
}

ClusterJob* ClusterJobs::find(const std::string& id_or_name) {
  if (const auto number = base::parse_int(id_or_name); number.ok() && *number > 0)
    return find(JobId{static_cast<std::uint64_t>(*number)});
  return find_newest(jobs_, [&](const ClusterJob& job) { return job.name == id_or_name; });
}

ClusterJob* ClusterJobs::find_submission(const std::string& ticket) {
  return find_newest(jobs_, [&](const ClusterJob& job) { return job.ticket == ticket; });
}

ClusterJob* ClusterJobs::find(const caf::actor_addr& job_actor) {
  return find_newest(jobs_, [&](const ClusterJob& job) { return job.actor == job_actor; });
}

}  // namespace weir::actors
