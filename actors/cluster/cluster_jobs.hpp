// ClusterJobs: the jobs of a master, by number, name and submission: those that run, and those that
// have ended and are not forgotten yet.
//
// Invariants
//  - Numbers grow from job to job. The greatest is never forgotten, so that later leaders too count
//    from it.
//  - A job stays where it is in memory until it is forgotten.
#pragma once

#include "actors/cluster/cluster_job.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace weir::actors {

/// See the file comment.
class ClusterJobs {
public:
  using Map = std::map<JobId, ClusterJob>;

  /// Gives out the number of the next job.
  JobId next_id() { return last_ = last_.next(); }
  /// Adds a job under its number, which was given out here or by a leader before.
  ClusterJob& add(JobId id);

  /// The job has ended, and holds on to nothing any more.
  void on_ended(JobId id) { ended_.push_back(id); }
  /// Forgets all that have ended but the last `kept` of them, at least 1; returns whom.
  std::vector<JobId> forget_ended(std::size_t kept);

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
  std::vector<JobId> ended_;  // in the order of their ends, as far as it is known
  JobId last_;
};

}  // namespace weir::actors
