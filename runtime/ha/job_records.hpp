// JobRecords: the jobs of a cluster and what became of them, in its leader store.
//
//   create ──► job ──finish──► job and result ──cleaned──► result ──forget──► nothing
//              runs            ended, to clean up          ended
//
// So a leader that takes over runs each job that has no result, and cleans up after each that has
// one. It never runs a finished job again. (Flink's dirty and clean results.)
#pragma once

#include "runtime/ha/ha_store.hpp"

namespace weir::runtime {

/// What a leader that takes over has to do.
struct RecoveredJobs {
  std::vector<std::string> to_run;
  std::vector<std::string> to_clean_up;  // then say `cleaned`
};

/// See the file comment. Blocks like the store, which must outlive it.
class JobRecords {
public:
  explicit JobRecords(HaStore& store) : store_{store} {}

  /// Stores a job. `already_exists` if there is one with this id, or the result of one.
  Status create(LeaderEpoch epoch, const std::string& id, std::string_view job);
  Status update(LeaderEpoch epoch, const std::string& id, std::string_view job);
  /// Returns what was stored. `corrupt` names the record.
  Result<Bytes> read(const std::string& id);

  /// The job has ended: from now on it is not run again. Saying it once more changes nothing.
  Status finish(LeaderEpoch epoch, const std::string& id, std::string_view result);
  /// Nothing of the job is left to clean up: removes it, keeps its result. `failed_precondition` if
  /// it has none.
  Status cleaned(LeaderEpoch epoch, const std::string& id);
  /// Removes a result that nobody asks for any more; the id may then be used again.
  /// `failed_precondition` if the job has not been cleaned up.
  Status forget(LeaderEpoch epoch, const std::string& id);

  /// Returns what `finish` stored. `not_found` as long as the job has not ended.
  Result<Bytes> result(const std::string& id);
  /// Returns the ids of jobs that have ended, sorted.
  Result<std::vector<std::string>> results() { return store_.list(Folder::results); }

  /// Sorts the jobs by what is to be done with them.
  Result<RecoveredJobs> recover();

private:
  HaStore& store_;
};

}  // namespace weir::runtime
