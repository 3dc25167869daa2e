// RemoteCluster: a cluster, as seen by a program that submits jobs to it or looks at them.
#pragma once

#include "actors/cluster/endpoint.hpp"
#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/process.hpp"
#include "actors/job_control.hpp"

#include <memory>
#include <optional>
#include <string>

namespace weir::actors {

/// A job on a cluster.
class RemoteJob final : public JobControl {
public:
  class Impl;
  explicit RemoteJob(std::unique_ptr<Impl> impl);
  ~RemoteJob() override;
  RemoteJob(const RemoteJob&) = delete;
  RemoteJob& operator=(const RemoteJob&) = delete;

  /// What the coordinator said of the job.
  const JobAccepted& accepted() const;
  /// Why nothing more is heard of the job, or nothing.
  std::optional<std::string> lost() const;

  void stop(bool at_once) override;
  runtime::JobView view() const override;
  std::uint64_t wait_for_change(std::uint64_t seen, Duration limit) const override;

private:
  std::unique_ptr<Impl> impl_;
};

/// See the file comment. Every call blocks until the coordinator has answered; `unavailable` if it
/// cannot be reached.
class RemoteCluster {
public:
  /// `log` must outlive the cluster.
  static Result<std::unique_ptr<RemoteCluster>> connect(CoordinatorFinder coordinator,
                                                        const net::NetworkOptions& network,
                                                        base::Logger& log);
  ~RemoteCluster();
  RemoteCluster(const RemoteCluster&) = delete;
  RemoteCluster& operator=(const RemoteCluster&) = delete;

  /// Submits a job, and goes on to hear of it, also from leaders that come after. `ticket` names
  /// this submission as no other is ever named. The job must go before the cluster. Errors are
  /// those of the job: it cannot be built, or restored. `library` is the content of the one that
  /// `spec` names, which is sent if the coordinator does not have it.
  Result<std::unique_ptr<RemoteJob>> submit(const JobSpec& spec,
                                            const runtime::RestoreRequest& restore,
                                            const std::string& ticket,
                                            const std::shared_ptr<const Bytes>& library = nullptr);
  /// Asks a job, by number or name, to end. `not_found` if there is none.
  Status stop(const std::string& job, bool at_once);
  /// Takes a savepoint of a job, by number or name. Waits for it; returns its path.
  Result<std::string> savepoint(const std::string& job, const TakeSavepoint& order);
  Result<ClusterOverview> overview();
  /// How the checkpoints of a job, by number or name, went since this coordinator has it.
  Result<JobCheckpoints> checkpoints(const std::string& job);

  /// What is measured of a job, by number or name. `not_found` if it has ended.
  Result<std::vector<runtime::MetricFamily>> metrics(const std::string& job);

private:
  class NoJobs;
  explicit RemoteCluster(CoordinatorFinder coordinator);

  CoordinatorFinder coordinator_;
  std::unique_ptr<NoJobs> no_jobs_;
  std::unique_ptr<Process> process_;
};

}  // namespace weir::actors
