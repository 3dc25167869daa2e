#include "cli/program_jobs.hpp"

#include "cli/flag_values.hpp"
#include "runtime/job/option_keys.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace weir::cli {

Result<Job> ProgramJobs::build(const actors::JobSpec& spec) {
  if (!spec.library.empty())
    return Status{ErrorCode::failed_precondition,
                  "this process runs the program of one job, and loads no libraries; start "
                  "coordinator and workers with `weir`"};
  const std::lock_guard lock{mutex_};
  return build_job(flags_, build_, spec);
}

Result<Job> build_job(const Flags& flags, const std::function<Job()>& build,
                      const actors::JobSpec& spec) {
  if (Status status = assign(flags, spec.flags); !status.ok()) return status;
  try {
    Job job = build();
    if (Status status = apply(spec.settings, spec.parallelism, job.options()); !status.ok())
      return status;
    return job;
  } catch (const std::exception& error) {
    return Status{ErrorCode::internal, std::string{"the job could not be built: "} + error.what()};
  }
}

Status apply(std::vector<actors::Setting> settings, std::optional<int> parallelism,
             JobOptions& options) {
  std::stable_partition(settings.begin(), settings.end(), [](const actors::Setting& setting) {
    return setting.key.ends_with(".type");
  });
  for (const actors::Setting& setting : settings) {
    if (Status status = runtime::set_option(options, setting.key, setting.value); !status.ok())
      return status.with_context(setting.place);
  }
  if (parallelism) options.parallelism = *parallelism;
  return {};
}

}  // namespace weir::cli
