// CoordinatorProcess: the master of a cluster, and a place where workers and clients find it.
#pragma once

#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/job_keeper.hpp"
#include "actors/cluster/process.hpp"
#include "runtime/cluster/cluster_options.hpp"

#include <functional>
#include <memory>
#include <string>

namespace weir::actors {

struct CoordinatorOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0 chooses one
  runtime::ClusterOptions cluster = {};
  ProcessOptions process = {};
  std::function<std::string()> new_run_id;  // names starts of jobs; no two alike
};

/// Spawns the master. `keeper` may be null: nothing outlives it then.
MasterActor spawn_master(Process& process, const CoordinatorOptions& options,
                         std::shared_ptr<JobKeeper> keeper, Inheritance inheritance);

/// See the file comment. Ends its jobs when it ends; with checkpoints they can be continued.
class CoordinatorProcess {
public:
  /// Errors are those of the network: the port is in use, the address is not allowed.
  static Result<std::unique_ptr<CoordinatorProcess>> start(CoordinatorOptions options,
                                                           JobFactory& jobs, Env& env,
                                                           base::Logger& log);
  ~CoordinatorProcess();
  CoordinatorProcess(const CoordinatorProcess&) = delete;
  CoordinatorProcess& operator=(const CoordinatorProcess&) = delete;

  std::uint16_t port() const { return port_; }

private:
  explicit CoordinatorProcess(std::unique_ptr<Process> process);

  std::unique_ptr<Process> process_;
  MasterActor master_;
  std::uint16_t port_ = 0;
};

}  // namespace weir::actors
