// JobOpening: how a master opens a job, away from its actor: builds it, and opens the directory of
// its checkpoints.
#pragma once

#include "actors/cluster/master_actor.hpp"

#include <optional>
#include <set>
#include <string>

namespace weir::actors {

/// See the file comment. Calling it blocks. Errors are those of `host_job`, and `invalid_argument`
/// for a job without such a directory, `failed_precondition` if another job has it.
struct JobOpening {
  JobFactory* factory;
  Env* env;
  base::Logger* log;
  JobSpec spec;
  HostOptions options;
  std::set<std::string> in_use = {};  // directories of checkpoints that other jobs have

  Result<HostedJobPtr> operator()() const;
};

/// Opens a job that was submitted. With high availability no other leader can open it besides.
JobOpening submission_of(const MasterSpawn& spawn, const SubmitJob& submit);

/// Opens a job that another leader has begun, who may be frozen and still have it open.
JobOpening takeover_of(const MasterSpawn& spawn, const JobRecord& record);

/// What a leader may tell of a job that it has tried to open; none: the next leader sees to it.
using Opened = std::optional<Result<HostedJobPtr>>;

/// Opens the job; blocks. `keeper` may be null.
Opened open_as_leader(const JobOpening& open, JobKeeper* keeper);

}  // namespace weir::actors
