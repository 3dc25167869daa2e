#include "actors/cluster/coordinator_process.hpp"

#include "actors/cluster/master_actor.hpp"

#include <caf/stateful_actor.hpp>

#include <utility>

namespace weir::actors {

CoordinatorProcess::CoordinatorProcess(std::unique_ptr<Process> process)
    : process_{std::move(process)} {}

Result<std::unique_ptr<CoordinatorProcess>> CoordinatorProcess::start(CoordinatorOptions options,
                                                                      JobFactory& jobs, Env& env,
                                                                      base::Logger& log) {
  auto process = Process::start(options.process, jobs, env, log);
  if (!process.ok()) return process.status();
  std::unique_ptr<CoordinatorProcess> coordinator{
      new CoordinatorProcess{std::move(process).value()}};
  Process& parts = *coordinator->process_;
  const runtime::ClusterOptions& cluster = options.cluster;
  coordinator->master_ = parts.system().spawn(
      master_actor,
      MasterSpawn{
          .services = parts.services(),
          .members = {.heartbeat = cluster.heartbeat, .protocol = kProtocolVersion, .last_id = {}},
          .slots = {.request_timeout = cluster.slot_request_timeout, .spread = cluster.spread},
          .new_run_id = std::move(options.new_run_id)});
  auto port = parts.network().listen(coordinator->master_, options.host, options.port);
  if (!port.ok()) return port.status();
  coordinator->port_ = *port;
  return coordinator;
}

CoordinatorProcess::~CoordinatorProcess() {
  kill_actor(caf::actor_cast<caf::strong_actor_ptr>(master_));
  master_ = nullptr;
}

}  // namespace weir::actors
