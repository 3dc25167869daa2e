// weir coordinator, weir worker: a cluster without a job of its own.
#include "cli/cluster_roles.hpp"
#include "cli/follow.hpp"
#include "cli/library_jobs.hpp"
#include "cli/weir/commands.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace weir::cli {
namespace {

using Run = int (*)(const Invocation&, actors::JobFactory&);

int run_role(ClusterRole role, const Invocation& invocation, Run run) {
  const auto log = base::make_stderr_logger(invocation.log_level);
  auto jobs = LibraryJobs::open(role, invocation, *log);
  if (!jobs.ok()) return end_with(exit_code_of(jobs.status()), jobs.status().message());
  return run(invocation, **jobs);
}

}  // namespace

void add_coordinator(CLI::App& tool, Action& action) {
  CLI::App* command = tool.add_subcommand(
      "coordinator", "Run the coordinator of a cluster, for jobs out of libraries");
  const auto invocation = std::make_shared<Invocation>();
  add_coordinator_command(*command, *invocation);
  command->callback([invocation, &action] {
    action = [invocation] {
      return run_role(ClusterRole::coordinator, *invocation, run_coordinator);
    };
  });
}

void add_worker(CLI::App& tool, Action& action) {
  CLI::App* command =
      tool.add_subcommand("worker", "Offer slots to a cluster, for jobs out of libraries");
  const auto invocation = std::make_shared<Invocation>();
  add_worker_command(*command, *invocation);
  command->callback([invocation, &action] {
    action = [invocation] { return run_role(ClusterRole::worker, *invocation, run_worker); };
  });
}

}  // namespace weir::cli
