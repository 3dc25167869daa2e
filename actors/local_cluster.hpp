// LocalCluster: a whole job in one process, on real threads.
#pragma once

#include "actors/hosted_job.hpp"
#include "actors/interfaces.hpp"
#include "actors/job_control.hpp"
#include "actors/services.hpp"
#include "runtime/job/job_metrics.hpp"

#include <weir/chaos.hpp>

#include <memory>
#include <vector>

namespace weir::actors {

struct LocalClusterOptions {
  std::vector<ChaosRule> chaos = {};
  Duration report_every = std::chrono::milliseconds{200};  // counters for the view; 0: never
  int threads = 0;                                         // actor threads; 0: one per core
  /// For copies of state; null: none are kept.
  std::unique_ptr<checkpoint::LocalDirectory> local = nullptr;
  std::shared_ptr<runtime::JobMetrics> metrics = nullptr;  // to be kept up to date; null: none
};

/// Runs one job. Owns the actor system, the threads and everything that actors reach.
class LocalCluster final : public JobControl {
public:
  /// Starts the job. `env` and `log` must outlive the cluster. `invalid_argument` if a chaos rule
  /// names nobody.
  static Result<std::unique_ptr<LocalCluster>> start(HostedJobPtr job, LocalClusterOptions options,
                                                     Env& env, base::Logger& log);
  ~LocalCluster() override;
  LocalCluster(const LocalCluster&) = delete;
  LocalCluster& operator=(const LocalCluster&) = delete;

  void stop(bool at_once) override;

  /// Takes a savepoint under `target`, and ends the job behind it as `stop` says; waits for it and
  /// returns its path. "": the target is that of the job's options.
  Result<std::string> savepoint(const std::string& target, std::optional<StopMode> stop,
                                SavepointFormat format);

  /// Kills a subtask, "coordinator", "node" or "any", as a crash would.
  void kill(const std::string& victim);

  runtime::JobView view() const override;
  std::uint64_t wait_for_change(std::uint64_t seen, Duration limit) const override;

  /// Waits for the end of the job.
  runtime::JobOutcome wait() const;

private:
  class Impl;
  explicit LocalCluster(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::actors
