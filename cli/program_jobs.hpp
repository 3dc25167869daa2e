// ProgramJobs: builds the jobs of this program for a cluster.
#pragma once

#include "actors/cluster/job_factory.hpp"

#include <weir/run.hpp>

#include <functional>
#include <mutex>

namespace weir::cli {

/// See the file comment. The flags' targets belong to one job at a time: jobs are built one after
/// the other.
class ProgramJobs final : public actors::JobFactory {
public:
  /// Both must outlive this object.
  ProgramJobs(const Flags& flags, const std::function<Job()>& build)
      : flags_{flags}, build_{build} {}

  Result<Job> build(const actors::JobSpec& spec) override;

private:
  std::mutex mutex_;
  const Flags& flags_;
  const std::function<Job()>& build_;
};

/// Builds a job: sets its flags, calls `build`, applies options. Whoever calls it has the targets
/// of the flags for itself. Errors are those of JobFactory::build.
Result<Job> build_job(const Flags& flags, const std::function<Job()>& build,
                      const actors::JobSpec& spec);

/// Applies options to a job; a type comes before its parameters, wherever it stands.
Status apply(std::vector<actors::Setting> settings, std::optional<int> parallelism,
             JobOptions& options);

}  // namespace weir::cli
