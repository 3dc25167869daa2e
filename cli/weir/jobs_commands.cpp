// weir list, info, cancel, stop: the jobs of a cluster.
#include "actors/cluster/remote_cluster.hpp"
#include "base/text.hpp"
#include "cli/cluster_settings.hpp"
#include "cli/follow.hpp"
#include "cli/run_id.hpp"
#include "cli/weir/commands.hpp"
#include "runtime/job/job_machine.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <utility>

namespace weir::cli {
namespace {

void add_access(CLI::App& command, Invocation& access) {
  command
      .add_option("--to", access.to, "where the coordinator listens; of several, all that may lead")
      ->type_name("HOST:PORT,...");
  add_settings(command, access);
  add_network_options(command, access);
}

Result<std::unique_ptr<actors::RemoteCluster>> connect(const Invocation& access,
                                                       base::Logger& log) {
  auto settings = submit_settings(access);
  if (!settings.ok()) return settings.status();
  if (!settings->job.empty()) {
    const actors::Setting& setting = settings->job.front();
    return Status{ErrorCode::invalid_argument,
                  setting.place + ": " + setting.key +
                      " is no option of this tool: it takes high-availability.* and security.*"};
  }
  auto coordinator = coordinator_finder("--to", access.to, settings->ha, new_run_id());
  if (!coordinator.ok()) return coordinator.status();
  return actors::RemoteCluster::connect(std::move(coordinator).value(), settings->network, log);
}

/// Connects, and does what was asked for.
template <class Ask>
int with_cluster(const Invocation& access, Ask ask) {
  const auto log = base::make_stderr_logger(base::LogLevel::warn);
  auto cluster = connect(access, *log);
  if (!cluster.ok()) return end_with(exit_code_of(cluster.status()), cluster.status().message());
  const Status status = ask(**cluster);
  return status.ok() ? 0 : end_with(kFailed, status.message());
}

std::string state_of(const runtime::JobView& view) {
  return std::string{view.outcome ? to_string(view.outcome->kind) : to_string(view.state)};
}

void print_line(const actors::JobSummary& job) {
  const runtime::JobView& view = job.view;
  std::printf("%4llu  %-24s  %-18s  in %-14s  out %-14s  restarts %d\n",
              static_cast<unsigned long long>(job.id.value()), job.name.c_str(),
              state_of(view).c_str(),
              base::format_count(view.records_in + view.records_in_before).c_str(),
              base::format_count(view.records_out).c_str(), view.restarts);
}

Status list(actors::RemoteCluster& cluster) {
  auto overview = cluster.overview();
  if (!overview.ok()) return overview.status();
  for (const actors::JobSummary& job : overview->jobs) print_line(job);
  std::printf("%zu jobs; %zu workers, %u of %u slots free\n", overview->jobs.size(),
              overview->members.members.size(), overview->free_slots, overview->slots);
  for (const runtime::Member& member : overview->members.members)
    std::printf("  %s  %d slots  %s\n", runtime::describe(member.info).c_str(), member.info.slots,
                std::string{to_string(member.state)}.c_str());
  return {};
}

void print_details(const actors::JobSummary& job) {
  const runtime::JobView& view = job.view;
  print_line(job);
  if (view.outcome && !view.outcome->reason.empty())
    std::printf("  reason            %s\n", view.outcome->reason.c_str());
  if (!view.waiting_for.empty()) std::printf("  %s\n", view.waiting_for.c_str());
  if (!view.last_failure.empty())
    std::printf("  last failure      %s\n", view.last_failure.c_str());
  if (view.scale.parallelism != 0) std::printf("  parallelism       %u\n", view.scale.parallelism);
  if (!view.scale.last_rescale.empty())
    std::printf("  last change of it %s\n", view.scale.last_rescale.c_str());
  std::printf("  checkpoints       %s completed, %s failed\n",
              base::format_count(view.checkpoints_completed).c_str(),
              base::format_count(view.checkpoints_failed).c_str());
  if (view.last_checkpoint)
    std::printf("  last checkpoint   %llu, %s\n",
                static_cast<unsigned long long>(view.last_checkpoint->id.value()),
                base::format_size(view.last_checkpoint->bytes).c_str());
  if (view.restored.from)
    std::printf("  restored from     %llu\n",
                static_cast<unsigned long long>(view.restored.from->value()));
  if (view.restored.subtasks != 0)
    std::printf("  restored locally  %u of %u subtasks\n", view.restored.locally,
                view.restored.subtasks);
  for (const std::string& worker : job.workers)
    std::printf("  runs on           %s\n", worker.c_str());
}

Status info(actors::RemoteCluster& cluster, const std::string& name) {
  auto overview = cluster.overview();
  if (!overview.ok()) return overview.status();
  for (auto job = overview->jobs.rbegin(); job != overview->jobs.rend(); ++job) {
    if (job->name != name && std::to_string(job->id.value()) != name) continue;
    print_details(*job);
    return {};
  }
  return {ErrorCode::not_found, "there is no job \"" + name +
                                    "\" on this cluster; `weir list` shows those that there are"};
}

/// A command about one job.
struct JobCommand {
  Invocation access = {};
  std::string job = {};
};

template <class Ask>
void add_job_command(CLI::App& tool, Action& action, const char* name, const char* help, Ask ask) {
  CLI::App* command = tool.add_subcommand(name, help);
  const auto options = std::make_shared<JobCommand>();
  command->add_option("JOB", options->job, "its number or its name")->required();
  add_access(*command, options->access);
  command->callback([options, ask, &action] {
    action = [options, ask] {
      return with_cluster(options->access, [&](actors::RemoteCluster& cluster) {
        return ask(cluster, options->job);
      });
    };
  });
}

}  // namespace

void add_list(CLI::App& tool, Action& action) {
  CLI::App* command = tool.add_subcommand("list", "Show the jobs and the workers of a cluster");
  const auto access = std::make_shared<Invocation>();
  add_access(*command, *access);
  command->callback(
      [access, &action] { action = [access] { return with_cluster(*access, list); }; });
}

void add_info(CLI::App& tool, Action& action) {
  add_job_command(tool, action, "info", "Show how a job stands, and why it failed", info);
}

void add_cancel(CLI::App& tool, Action& action) {
  add_job_command(tool, action, "cancel", "End a job at once",
                  [](actors::RemoteCluster& cluster, const std::string& job) {
                    return cluster.stop(job, true);
                  });
}

void add_stop(CLI::App& tool, Action& action) {
  add_job_command(tool, action, "stop", "End a job behind a last checkpoint",
                  [](actors::RemoteCluster& cluster, const std::string& job) {
                    return cluster.stop(job, false);
                  });
}

}  // namespace weir::cli
