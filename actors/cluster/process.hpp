// Process: what every process of a cluster has: an actor system with a network, and the seams.
#pragma once

#include "actors/cluster/services.hpp"
#include "actors/config.hpp"
#include "actors/net/network.hpp"
#include "base/blocking_pool.hpp"

#include <caf/actor_system.hpp>

#include <memory>

namespace weir::actors {

struct ProcessOptions {
  net::NetworkOptions network = {};
  int threads = 0;  // actor threads; 0: one per core
  /// Of the jobs that it leads.
  std::shared_ptr<runtime::MetricRegistry> metrics = std::make_shared<runtime::MetricRegistry>();
};

/// See the file comment. `end` must be called when all actors have been told to end.
class Process {
public:
  /// `env`, `log` and `jobs` must outlive the process. `local` is for copies of state; null: none
  /// are kept. Errors are those of `net::Network::start`.
  static Result<std::unique_ptr<Process>> start(
      const ProcessOptions& options, JobFactory& jobs, Env& env, base::Logger& log,
      std::unique_ptr<checkpoint::LocalDirectory> local = nullptr);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  caf::actor_system& system() { return *system_; }
  net::Network& network() { return *network_; }
  ClusterServices services();

private:
  Process(const ProcessOptions& options, JobFactory& jobs, Env& env, base::Logger& log);

  JobFactory& jobs_;
  Env& env_;
  base::Logger& log_;
  std::shared_ptr<runtime::MetricRegistry> metrics_;
  std::unique_ptr<checkpoint::LocalDirectory> local_;
  std::unique_ptr<runtime::StateBackends> backends_;
  base::FaultPoints no_faults_;
  Roster roster_;
  std::unique_ptr<NetworkedSystemConfig> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<net::Network> network_;
  std::unique_ptr<base::ThreadPool> pool_;
};

}  // namespace weir::actors
