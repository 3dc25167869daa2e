// weir::main: a job as a program.
#include "actors/local_cluster.hpp"
#include "cli/cluster_roles.hpp"
#include "cli/command_line.hpp"
#include "cli/follow.hpp"
#include "cli/local_state_root.hpp"
#include "cli/metrics_endpoint.hpp"
#include "cli/program_jobs.hpp"
#include "cli/run_id.hpp"
#include "runtime/graph/validate.hpp"

#include <weir/run.hpp>

#include <cstdio>
#include <exception>
#include <utility>

namespace weir {
namespace {

using cli::end_with;
using cli::Invocation;
using From = runtime::RestoreRequest::From;

int show_graph(const Job& job, runtime::GraphFormat format) {
  if (const auto problems = runtime::validate(*job.graph()); !problems.empty())
    return end_with(cli::kUsage, runtime::format_problems(job.name(), problems));
  const auto plan =
      runtime::Plan::build(job.graph(), static_cast<std::uint32_t>(job.options().max_parallelism));
  std::fputs(runtime::render(plan, format).c_str(), stdout);
  return cli::kFinished;
}

int run_job(const Job& job, const Invocation& invocation) {
  actors::LocalClusterOptions options;
  options.threads = invocation.threads;
  for (const std::string& text : invocation.chaos) {
    auto rule = ChaosRule::parse(text);
    if (!rule.ok()) return end_with(cli::kUsage, rule.status().message());
    options.chaos.push_back(std::move(rule).value());
  }
  const auto log = base::make_stderr_logger(invocation.log_level);
  const runtime::RestoreRequest restore = cli::restore_request(invocation);
  const std::string run = cli::new_run_id();
  auto hosted = actors::host_job(job,
                                 {.restore = restore,
                                  .run = run,
                                  .seed = hash_bytes(run.data(), run.size()),
                                  .force_bytes = invocation.force_bytes},
                                 Env::posix(), *log);
  if (!hosted.ok()) return end_with(cli::exit_code_of(hosted.status()), hosted.status().message());
  const runtime::JobLaunch& launch = (*hosted)->launch;
  if (launch.has_finished_before) return end_with(cli::kFinished, cli::finished_before(job.name()));
  cli::say_where_it_begins(restore, launch.initial_path);

  if (cli::needs_local_directory(job.options().state, launch.initial.get()))
    options.local = cli::local_directory("", run, *log);
  const auto registry = std::make_shared<runtime::MetricRegistry>();
  const auto metrics = cli::MetricsEndpoint::start(invocation.metrics, registry);
  if (!metrics.ok())
    return end_with(cli::exit_code_of(metrics.status()), metrics.status().message());
  options.metrics = registry->add(job.name(), "");
  auto cluster = actors::LocalCluster::start(std::move(hosted).value(), std::move(options),
                                             Env::posix(), *log);
  if (!cluster.ok())
    return end_with(cli::exit_code_of(cluster.status()), cluster.status().message());
  return cli::follow(**cluster,
                     {.progress = invocation.progress, .checkpoint = job.options().checkpoint});
}

/// Builds the job in this process, and runs or draws it.
int main_here(const std::function<Job()>& build, const Invocation& invocation) {
  try {
    Job job = build();
    auto settings = cli::settings_of(invocation);
    if (!settings.ok()) return end_with(cli::kUsage, settings.status().message());
    if (Status status =
            cli::apply(std::move(settings).value(), invocation.parallelism, job.options());
        !status.ok())
      return end_with(cli::kUsage, status.message());
    return invocation.command == cli::Command::graph ? show_graph(job, invocation.graph_format)
                                                     : run_job(job, invocation);
  } catch (const std::exception& error) {
    return end_with(cli::kFailed, std::string{"the job could not be built: "} + error.what());
  }
}

}  // namespace

int main(const Flags& flags, const std::function<Job()>& build, int argc, char** argv) {
  auto parsed = cli::parse_command_line(flags, argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const Invocation& invocation = *std::get_if<Invocation>(&parsed);
  cli::ProgramJobs jobs{flags, build};
  switch (invocation.command) {
    case cli::Command::coordinator: return cli::run_coordinator(invocation, jobs);
    case cli::Command::worker: return cli::run_worker(invocation, jobs);
    case cli::Command::submit: return cli::submit(invocation, flags);
    case cli::Command::run:
      if (invocation.processes > 0) return cli::run_processes(invocation, flags, jobs);
      break;
    case cli::Command::graph: break;
  }
  return main_here(build, invocation);
}

int main(const Job& job, int argc, char** argv) {
  return main(
      Flags{"Job " + job.name()}, [&job] { return job; }, argc, argv);
}

}  // namespace weir
