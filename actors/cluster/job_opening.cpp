#include "actors/cluster/job_opening.hpp"

#include <weir/hash.hpp>

namespace weir::actors {
namespace {

JobOpening opening(const MasterSpawn& spawn, const JobSpec& spec,
                   const runtime::RestoreRequest& restore) {
  const std::string run = spawn.new_run_id();
  const auto& common = spawn.services.common;
  return {&spawn.services.jobs,
          &common.env,
          &common.log,
          spec,
          {.restore = restore, .run = run, .seed = hash_bytes(run.data(), run.size())}};
}

}  // namespace

Result<HostedJobPtr> JobOpening::operator()() const {
  auto job = factory->build(spec);
  if (!job.ok()) return job.status();
  const std::string& directory = job->options().checkpoint.storage;
  if (directory.empty())
    return Status{ErrorCode::invalid_argument,
                  "a job on a cluster needs a place for its checkpoints that all its "
                  "processes reach: set execution.checkpointing.dir"};
  const std::string place = checkpoint::CheckpointStorage::place_of(directory, job->name());
  if (in_use.contains(place))
    return Status{ErrorCode::failed_precondition,
                  "a job of this cluster has its checkpoints in " + place +
                      "; wait for its end, or set another execution.checkpointing.dir"};
  return host_job(*job, options, *env, *log);
}

JobOpening submission_of(const MasterSpawn& spawn, const SubmitJob& submit) {
  JobOpening open = opening(spawn, submit.spec, submit.restore);
  if (spawn.keeper != nullptr)
    open.options.takeover =
        checkpoint::Takeover{.leader = spawn.keeper->epoch(), .breaks_lock = false};
  return open;
}

JobOpening takeover_of(const MasterSpawn& spawn, const JobRecord& record) {
  JobOpening open = opening(spawn, record.spec, record.restore);
  open.options.takeover = checkpoint::Takeover{spawn.keeper->epoch()};
  open.options.origin = record.origin;
  return open;
}

Opened open_as_leader(const JobOpening& open, JobKeeper* keeper) {
  Result<HostedJobPtr> built = open();
  if (!built.ok() && keeper != nullptr && !keeper->confirm().ok()) return std::nullopt;
  return built;
}

}  // namespace weir::actors
