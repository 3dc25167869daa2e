#include "cli/weir/job_command.hpp"

#include "cli/cluster_settings.hpp"
#include "cli/follow.hpp"
#include "cli/run_id.hpp"

#include <utility>

namespace weir::cli {
namespace {

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

}  // namespace

void add_access(CLI::App& command, Invocation& access) {
  command
      .add_option("--to", access.to, "where the coordinator listens; of several, all that may lead")
      ->type_name("HOST:PORT,...");
  add_settings(command, access);
  add_network_options(command, access);
}

int with_cluster(const Invocation& access,
                 const std::function<Status(actors::RemoteCluster&)>& ask) {
  const auto log = base::make_stderr_logger(base::LogLevel::warn);
  auto cluster = connect(access, *log);
  if (!cluster.ok()) return end_with(exit_code_of(cluster.status()), cluster.status().message());
  const Status status = ask(**cluster);
  return status.ok() ? 0 : end_with(kFailed, status.message());
}

}  // namespace weir::cli
