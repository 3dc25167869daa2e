// SimProcess: what the actors of a SimCluster's process use besides its SimNode, which it outlives.
#pragma once

#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/services.hpp"
#include "actors/roster.hpp"
#include "checkpoint/local_directory.hpp"
#include "runtime/ha/ha_store.hpp"
#include "simulation/process_env.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::simulation {

/// Every process builds the job for itself.
class SimJobFactory final : public actors::JobFactory {
public:
  explicit SimJobFactory(std::function<Job()> build) : build_{std::move(build)} {}
  Result<Job> build(const actors::JobSpec& spec) override {
    Job job = build_();
    if (spec.parallelism) job.options().parallelism = *spec.parallelism;
    return job;
  }

private:
  std::function<Job()> build_;
};

/// Hands on what a process logs, with the name of its machine.
class SimProcessLog final : public base::Logger {
public:
  SimProcessLog(std::function<void(const std::string&)> note, std::string host)
      : note_{std::move(note)}, host_{std::move(host)} {}

  void write(base::LogLevel, std::string_view message, Fields fields) override {
    note_(host_ + ": " + base::format_log_line(message, fields));
  }

private:
  std::function<void(const std::string&)> note_;
  std::string host_;
};

/// A candidate's way through its leadership, as StandbyCoordinator's.
struct SimTerm {
  LeaderEpoch epoch;  // once it has been granted
  actors::MasterActor master;
  bool is_over = false;
};

/// See the file comment.
struct SimProcess {
  SimProcess(std::uint64_t n, Env& disk, std::string lock_domain, const std::string& local_root,
             SimProcessLog to)
      : number{n},
        env{disk, std::move(lock_domain)},
        log{std::move(to)},
        local{env, local_root, std::to_string(n)} {}

  /// To be called before its SimNode is gone: no handle may be left.
  void drop_handles() {
    term.master = nullptr;
    services.reset();
    roster.close();
  }

  std::uint64_t number;  // no other process has it
  ProcessEnv env;
  SimProcessLog log;
  checkpoint::LocalDirectory local;  // what is in it stays behind when the process is killed
  runtime::StateBackends backends{runtime::StateBackends::InMemory{}};
  actors::Roster roster;
  std::shared_ptr<runtime::HaStore> store = {};  // null without standby coordinators
  std::optional<actors::ClusterServices> services = {};
  SimTerm term = {};  // of a coordinator
};

}  // namespace weir::simulation
