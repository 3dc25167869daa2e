// What the commands of `weir` about jobs of a cluster have in common.
#pragma once

#include "actors/cluster/remote_cluster.hpp"
#include "cli/command_line.hpp"
#include "cli/weir/commands.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace weir::cli {

/// A command about one job.
struct JobCommand {
  Invocation access = {};
  std::string job = {};
  std::optional<std::string> target = {};  // of a savepoint; none: no savepoint
  bool drains = false;
  std::string format = "canonical";
};

/// Adds the flags that say where the cluster is, and how to reach it.
void add_access(CLI::App& command, Invocation& access);

/// Connects, and does what was asked for. Returns the exit code; errors are printed.
int with_cluster(const Invocation& access,
                 const std::function<Status(actors::RemoteCluster&)>& ask);

inline constexpr auto kNothingMore = [](CLI::App&, auto&) {};

/// Adds a command about one job. `ask` gets the cluster and the Options, which are a JobCommand or
/// more; `add_more` may add flags for them.
template <class Options = JobCommand, class Ask, class AddMore>
void add_job_command(CLI::App& tool, Action& action, const char* name, const char* help, Ask ask,
                     AddMore add_more) {
  CLI::App* command = tool.add_subcommand(name, help);
  const auto options = std::make_shared<Options>();
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

}  // namespace weir::cli
