// JobKeeper: the durable side of a leader's jobs. Without high availability a master has none.
//
// A change that cannot be stored ends the leadership: the next leader goes by what is stored.
#pragma once

#include "actors/cluster/job_record.hpp"
#include "base/log.hpp"
#include "runtime/ha/job_records.hpp"

#include <functional>
#include <string>

namespace weir::actors {

/// See the file comment. Methods block and may be called from any thread, one leadership long.
class JobKeeper {
public:
  /// `step_down` ends the leadership, with the reason; called from any thread. `store` and `log`
  /// must outlive the keeper.
  JobKeeper(runtime::HaStore& store, LeaderEpoch epoch,
            std::function<void(const std::string&)> step_down, base::Logger& log);

  LeaderEpoch epoch() const { return epoch_; }

  /// Reads what the leaders before have left. A record that is damaged is an error that names it.
  Result<Inheritance> inherit();

  /// To be called before the job is accepted. If nobody knows whether it is stored, the leadership
  /// ends: the next leader finds out.
  Status keep(const JobRecord& record);

  /// The job is not run again by anybody. To be called before what it needs to go on is deleted.
  /// Saying it again changes nothing.
  Status end(const ResultRecord& result);

  /// Nothing is left to be deleted of a job that has ended. To be called before another may have
  /// its directory.
  Status forget(JobId id);

  /// Nobody asks for the result of this job any more. It stays, and the next leader inherits it, if
  /// the job has not been cleaned up; or, with a warning, if the store does not answer.
  void drop_result(JobId id);

  /// Asks the store whether it still leads; if not, the leadership ends. To be called before an
  /// error is told: it may come from what the next leader does with the job.
  Status confirm();

private:
  Status lead_on(Status status, const std::string& what);

  runtime::HaStore& store_;
  runtime::JobRecords records_;
  LeaderEpoch epoch_;
  std::function<void(const std::string&)> step_down_;
  base::Logger& log_;
};

}  // namespace weir::actors
