#include "actors/cluster/coordinator_process.hpp"

#include "actors/cluster/master_actor.hpp"

#include <caf/stateful_actor.hpp>

#include <utility>

namespace weir::actors {
namespace {

constexpr int kEpochShift = 32;  // the ids that one leader gives out to workers

/// Ids of workers are above those of all leaders before: what one of them says means nobody.
MasterActor spawn(caf::actor_system& system, const ClusterServices& services,
                  const CoordinatorOptions& options, std::shared_ptr<JobKeeper> keeper,
                  Inheritance inheritance) {
  const runtime::ClusterOptions& cluster = options.cluster;
  const std::uint64_t epoch = keeper == nullptr ? 0 : keeper->epoch().value();
  return system.spawn(master_actor,
                      MasterSpawn{.services = services,
                                  .members = {.heartbeat = cluster.heartbeat,
                                              .protocol = kProtocolVersion,
                                              .last_id = WorkerId{epoch << kEpochShift}},
                                  .slots = {.request_timeout = cluster.slot_request_timeout,
                                            .spread = cluster.spread},
                                  .scaling = runtime::scaling_of(cluster),
                                  .history = static_cast<std::size_t>(cluster.job_history),
                                  .new_run_id = options.new_run_id,
                                  .keeper = std::move(keeper),
                                  .inheritance = std::move(inheritance)});
}

}  // namespace

MasterActor spawn_master(caf::actor_system& system, const ClusterServices& services,
                         const CoordinatorOptions& options) {
  return spawn(system, services, options, nullptr, {});
}

Result<MasterActor> spawn_leader(caf::actor_system& system, const ClusterServices& services,
                                 const CoordinatorOptions& options, runtime::HaStore& store,
                                 LeaderEpoch epoch,
                                 std::function<void(const std::string&)> step_down) {
  auto keeper =
      std::make_shared<JobKeeper>(store, epoch, std::move(step_down), services.common.log);
  auto inheritance = keeper->inherit();
  if (!inheritance.ok()) return inheritance.status();
  return spawn(system, services, options, std::move(keeper), std::move(inheritance).value());
}

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
  coordinator->master_ = spawn_master(parts.system(), parts.services(), options);
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
