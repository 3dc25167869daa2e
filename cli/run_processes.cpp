// run --processes N: a whole cluster on this machine, for one job.
#include "actors/cluster/coordinator_process.hpp"
#include "cli/cluster_roles.hpp"
#include "cli/flag_values.hpp"
#include "cli/follow.hpp"
#include "cli/local_workers.hpp"
#include "cli/metrics_endpoint.hpp"
#include "cli/run_id.hpp"
#include "runtime/cluster/slots.hpp"

#include <utility>

namespace weir::cli {
namespace {

/// Returns how many slots each of the workers must offer, so that the job has enough.
Result<std::uint32_t> slots_of_each(const Invocation& invocation, const Flags& flags,
                                    actors::JobFactory& jobs) {
  auto settings = settings_of(invocation);
  if (!settings.ok()) return settings.status();
  auto job = jobs.build({.flags = values_of(flags),
                         .settings = std::move(settings).value(),
                         .parallelism = invocation.parallelism});
  if (!job.ok()) return job.status();
  const auto max = static_cast<std::uint32_t>(job->options().max_parallelism);
  const std::uint32_t needed = runtime::slots_needed(runtime::Plan::build(job->graph(), max));
  const auto workers = static_cast<std::uint32_t>(invocation.processes);
  return (needed + workers - 1) / workers;
}

}  // namespace

int run_processes(Invocation invocation, const Flags& flags, actors::JobFactory& jobs) {
  if (!invocation.chaos.empty())
    return end_with(kUsage,
                    "--chaos kills actors of one process; with --processes, kill processes");
  auto slots = slots_of_each(invocation, flags, jobs);
  if (!slots.ok()) return end_with(exit_code_of(slots.status()), slots.status().message());
  const auto log = base::make_stderr_logger(invocation.log_level);
  actors::CoordinatorOptions options{.new_run_id = new_run_id};
  const auto metrics = MetricsEndpoint::start(invocation.metrics, options.process.metrics);
  if (!metrics.ok()) return end_with(exit_code_of(metrics.status()), metrics.status().message());
  auto coordinator =
      actors::CoordinatorProcess::start(std::move(options), jobs, Env::posix(), *log);
  if (!coordinator.ok())
    return end_with(exit_code_of(coordinator.status()), coordinator.status().message());
  invocation.to = "127.0.0.1:" + std::to_string((*coordinator)->port());
  const LocalWorkers workers{static_cast<std::size_t>(invocation.processes),
                             {"--join", invocation.to, "--slots", std::to_string(*slots),
                              "--threads", std::to_string(invocation.threads)}};
  return submit(invocation, flags);
}

}  // namespace weir::cli
