// WorkerProcess: slots for the subtasks of a cluster's jobs.
#pragma once

#include "actors/cluster/endpoint.hpp"
#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/process.hpp"
#include "runtime/cluster/backoff.hpp"

#include <memory>
#include <optional>
#include <string>

namespace weir::actors {

struct WorkerOptions {
  CoordinatorFinder coordinator;
  std::string host = "127.0.0.1";  // where it listens, and where other workers reach it
  std::uint16_t port = 0;          // 0 chooses one
  std::string name;                // unique in the cluster
  int slots = 1;
  std::string build;  // which program this is, for people
  runtime::RegistrationOptions registration = {};
  std::uint64_t seed = 0;  // of jitter
  ProcessOptions process = {};
};

/// See the file comment.
class WorkerProcess {
public:
  /// Listens, and begins to join the cluster. Errors are those of the network.
  static Result<std::unique_ptr<WorkerProcess>> start(WorkerOptions options, JobFactory& jobs,
                                                      Env& env, base::Logger& log);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// Asks the cluster to do without this worker: subtasks go elsewhere behind a checkpoint.
  void leave();

  /// Waits until the worker has ended, or `limit` has passed. Returns "" after it has left, else
  /// why it cannot be a member; none if it still works.
  std::optional<std::string> wait_for_end(Duration limit) const;

  std::uint16_t port() const { return port_; }

private:
  class End;
  explicit WorkerProcess(std::unique_ptr<Process> process);

  std::unique_ptr<End> end_;
  std::unique_ptr<Process> process_;
  WorkerActor worker_;
  std::uint16_t port_ = 0;
};

}  // namespace weir::actors
