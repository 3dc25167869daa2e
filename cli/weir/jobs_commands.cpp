// weir list, info, checkpoints, cancel, stop, savepoint: the jobs of a cluster.
#include "actors/cluster/remote_cluster.hpp"
#include "base/paths.hpp"
#include "base/text.hpp"
#include "cli/checkpoint_report.hpp"
#include "cli/cluster_settings.hpp"
#include "cli/follow.hpp"
#include "cli/run_id.hpp"
#include "cli/weir/commands.hpp"
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

/// A command about one job.
struct JobCommand {
  Invocation access = {};
  std::string job = {};
  std::optional<std::string> target = {};  // of a savepoint; none: no savepoint
  bool drains = false;
  std::string format = "canonical";
  std::uint64_t checkpoint = 0;  // to be shown in detail; 0: all
};

/// The cluster's processes have other working directories than this one.
std::string absolute(const std::string& target) {
  const bool is_complete =
      target.empty() || target.front() == '/' || target.find("://") != std::string::npos;
  if (is_complete) return target;
  const std::unique_ptr<char, decltype(&std::free)> here{::getcwd(nullptr, 0), &std::free};
  return here == nullptr ? target : base::join_path(here.get(), target);
}

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

Status checkpoints(actors::RemoteCluster& cluster, const JobCommand& command) {
  auto all = cluster.checkpoints(command.job);
  if (!all.ok()) return all.status();
  if (command.checkpoint != 0) {
    const auto one = describe_checkpoint(all->statistics, CheckpointId{command.checkpoint});
    if (one.ok()) std::fputs(one->c_str(), stdout);
    return one.status();
  }
  if (command.format == "json")
    std::printf("%s\n", checkpoints_json(all->job, all->statistics).c_str());
  else
    std::fputs(describe_checkpoints(all->job, all->statistics).c_str(), stdout);
  return {};
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

/// `ask` gets the cluster and the JobCommand; `add_more` may add to the flags of that.
template <class Ask, class AddMore>
void add_job_command(CLI::App& tool, Action& action, const char* name, const char* help, Ask ask,
                     AddMore add_more) {
  CLI::App* command = tool.add_subcommand(name, help);
  const auto options = std::make_shared<JobCommand>();
  command->add_option("JOB", options->job, "its number or its name")->required();
  add_more(*command, *options);
  add_access(*command, options->access);
  command->callback([options, ask, &action] {
    action = [options, ask] {
      return with_cluster(options->access,
                          [&](actors::RemoteCluster& cluster) { return ask(cluster, *options); });
    };
  });
}

constexpr auto kNothingMore = [](CLI::App&, JobCommand&) {};

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

void add_checkpoints(CLI::App& tool, Action& action) {
  add_job_command(tool, action, "checkpoints", "Show how the checkpoints of a job went",
                  checkpoints, [](CLI::App& command, JobCommand& options) {
                    options.format = "text";
                    CLI::Option* format =
                        command.add_option("--format", options.format, "text or json")
                            ->check(CLI::IsMember({"text", "json"}))
                            ->capture_default_str();
                    command
                        .add_option("--checkpoint", options.checkpoint,
                                    "the number of one of the last: show what each subtask took")
                        ->type_name("ID")
                        ->check(CLI::PositiveNumber)
                        ->excludes(format);
                  });
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
