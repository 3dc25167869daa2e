#include "actors/cluster/process.hpp"

#include <utility>

namespace weir::actors {
namespace {

constexpr int kBlockingThreads = 4;  // enough to overlap a few slow disks; more only take turns

}  // namespace

Process::Process(const ProcessOptions& options, JobFactory& jobs, Env& env, base::Logger& log)
    : jobs_{jobs},
      env_{env},
      log_{log},
      metrics_{options.metrics},
      config_{std::make_unique<NetworkedSystemConfig>(options.network, options.threads)} {
  system_ = std::make_unique<caf::actor_system>(*config_);
  pool_ = std::make_unique<base::ThreadPool>(kBlockingThreads);
}

Result<std::unique_ptr<Process>> Process::start(const ProcessOptions& options, JobFactory& jobs,
                                                Env& env, base::Logger& log,
                                                std::unique_ptr<checkpoint::LocalDirectory> local) {
  std::unique_ptr<Process> process{new Process{options, jobs, env, log}};
  if (local != nullptr) local->clean();
  process->local_ = std::move(local);
  process->backends_ = std::make_unique<runtime::StateBackends>(process->local_.get());
  auto network = net::Network::start(process->system(), options.network, log);
  if (!network.ok()) return network.status();
  process->network_ = std::move(network).value();
  return process;
}

/// Actors go first, then the threads that may still speak to them.
Process::~Process() {
  roster_.close();
  network_.reset();
  system_->await_all_actors_done();  // until then they may still ask the pool for work
  pool_.reset();                     // finishes its work, whose answers may still name actors
  system_.reset();
  if (local_ != nullptr) local_->remove();
}

ClusterServices Process::services() {
  return {{env_, Clock::system(), *pool_, no_faults_, log_, roster_, *backends_, local_.get()},
          jobs_,
          network_->dialer(),
          network_->signs(),
          metrics_};
}

}  // namespace weir::actors
