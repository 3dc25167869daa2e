// weir list, info, cancel, stop, savepoint: the jobs of a cluster.
#include "actors/cluster/remote_cluster.hpp"
#include "base/paths.hpp"
#include "base/text.hpp"
#include "cli/run_id.hpp"
#include "cli/weir/commands.hpp"
#include "cli/weir/job_command.hpp"
#include "runtime/job/job_machine.hpp"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::cli {
namespace {

/// The cluster's processes have other working directories than this one.
std::string absolute(const std::string& target) {
  const bool is_complete =
      target.empty() || target.front() == '/' || target.find("://") != std::string::npos;
  if (is_complete) return target;
  const std::unique_ptr<char, decltype(&std::free)> here{::getcwd(nullptr, 0), &std::free};
  return here == nullptr ? target : base::join_path(here.get(), target);
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

Status info(actors::RemoteCluster& cluster, const JobCommand& command) {
  const std::string& name = command.job;
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

/// Takes a savepoint and prints where it is.
Status save(actors::RemoteCluster& cluster, const JobCommand& command,
            std::optional<StopMode> stop) {
  const auto path = cluster.savepoint(
      command.job, {.ticket = new_run_id(),
                    .target = absolute(command.target.value_or("")),
                    .kind = actors::savepoint_kind(stop),
                    .format = command.format == "native" ? SavepointFormat::native
                                                         : SavepointFormat::canonical});
  if (path.ok()) std::printf("%s\n", path->c_str());
  return path.status();
}

CLI::Option* add_format(CLI::App& command, JobCommand& options) {
  return command
      .add_option("--format", options.format,
                  "canonical: rows, which depend on no backend; native: the files of RocksDB")
      ->check(CLI::IsMember({"canonical", "native"}))
      ->capture_default_str();
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
  add_job_command(tool, action, "info", "Show how a job stands, and why it failed", info,
                  kNothingMore);
}

void add_cancel(CLI::App& tool, Action& action) {
  add_job_command(
      tool, action, "cancel", "End a job at once",
      [](actors::RemoteCluster& cluster, const JobCommand& command) {
        return cluster.stop(command.job, true);
      },
      kNothingMore);
}

void add_stop(CLI::App& tool, Action& action) {
  add_job_command(
      tool, action, "stop", "End a job behind a last checkpoint, or behind a savepoint",
      [](actors::RemoteCluster& cluster, const JobCommand& command) {
        if (!command.target) return cluster.stop(command.job, false);
        return save(cluster, command, command.drains ? StopMode::drain : StopMode::suspend);
      },
      [](CLI::App& command, JobCommand& options) {
        CLI::Option* savepoint =
            command
                .add_option_function<std::string>(
                    "--savepoint", [&](const std::string& target) { options.target = target; },
                    "take a savepoint, under this directory or that of the job's options, and "
                    "print its path")
                ->type_name("[TARGET]")
                ->expected(0, 1)
                ->trigger_on_parse();
        command
            .add_flag("--drain", options.drains,
                      "end the job for good: first the input ends, and all that comes of that is "
                      "emitted")
            ->needs(savepoint);
        add_format(command, options)->needs(savepoint);
      });
}

void add_savepoint(CLI::App& tool, Action& action) {
  add_job_command(
      tool, action, "savepoint", "Take a savepoint of a running job, and print its path",
      [](actors::RemoteCluster& cluster, const JobCommand& command) {
        return save(cluster, command, std::nullopt);
      },
      [](CLI::App& command, JobCommand& options) {
        command.add_option("TARGET", options.target,
                           "directory that it goes to; default: that of the job's options");
        add_format(command, options);
      });
}

}  // namespace weir::cli
