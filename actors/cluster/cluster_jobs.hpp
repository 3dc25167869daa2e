// ClusterJobs: the jobs of a master, by number, name and submission.
//
// Invariants
//  - Numbers grow from job to job.
//  - A job stays where it is in memory.
#pragma once

#include "actors/cluster/cluster_job.hpp"

#include <map>
#include <string>

namespace weir::actors {

/// See the file comment.
class ClusterJobs {
public:
  using Map = std::map<JobId, ClusterJob>;

  /// Gives out the number of the next job.
  JobId next_id() { return last_ = last_.next(); }
  /// Adds a job under its number, which was given out here or by a leader before.
  ClusterJob& add(JobId id);

  /// Each returns null if there is none.
  ClusterJob* find(JobId id);
  /// By number, or the newest job of that name.
  ClusterJob* find(const std::string& id_or_name);
  ClusterJob* find_submission(const std::string& ticket);
  ClusterJob* find(const caf::actor_addr& job_actor);

  /// In the order of their numbers.
  Map::iterator begin() { return jobs_.begin(); }
  Map::iterator end() { return jobs_.end(); }
  Map::const_iterator begin() const { return jobs_.begin(); }
  Map::const_iterator end() const { return jobs_.end(); }

private:
  Map jobs_;
  JobId last_;
};

}  // namespace weir::actors
