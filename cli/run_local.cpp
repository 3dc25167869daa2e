// weir::run_local: a job inside another program.
#include "actors/local_cluster.hpp"
#include "cli/local_state_root.hpp"
#include "cli/run_id.hpp"

#include <weir/run.hpp>

#include <utility>

namespace weir {

class JobHandle::Impl {
public:
  std::unique_ptr<base::Logger> log;
  std::unique_ptr<actors::LocalCluster> cluster;
};

JobHandle::JobHandle(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
JobHandle::JobHandle(JobHandle&&) noexcept = default;
JobHandle& JobHandle::operator=(JobHandle&&) noexcept = default;
JobHandle::~JobHandle() = default;

JobResult JobHandle::wait() {
  const runtime::JobOutcome outcome = impl_->cluster->wait();
  const runtime::JobView view = impl_->cluster->view();
  return {.end = static_cast<JobEnd>(outcome.kind),
          .reason = outcome.reason,
          .restarts = view.restarts,
          .checkpoints = view.checkpoints_completed};
}

void JobHandle::stop() {
  impl_->cluster->stop(false);
}
Result<std::string> JobHandle::savepoint(const std::string& target, SavepointFormat format) {
  return impl_->cluster->savepoint(target, std::nullopt, format);
}
Result<std::string> JobHandle::stop_with_savepoint(const std::string& target, StopMode mode,
                                                   SavepointFormat format) {
  return impl_->cluster->savepoint(target, mode, format);
}
void JobHandle::cancel() {
  impl_->cluster->stop(true);
}
void JobHandle::kill(const std::string& victim) {
  impl_->cluster->kill(victim);
}
int JobHandle::restarts() const {
  return impl_->cluster->view().restarts;
}
std::uint64_t JobHandle::checkpoints() const {
  return impl_->cluster->view().checkpoints_completed;
}

Result<JobHandle> run_local(const Job& job, const RunOptions& options) {
  using From = runtime::RestoreRequest::From;
  runtime::RestoreRequest restore{.from = From::beginning,
                                  .path = options.restore,
                                  .allow_non_restored = options.allow_non_restored_state};
  if (!options.restore.empty())
    restore.from = options.restore == "latest" ? From::latest : From::path;
  auto impl = std::make_unique<JobHandle::Impl>();
  impl->log = base::make_stderr_logger(base::LogLevel::warn);
  const std::string run = cli::new_run_id();
  auto hosted = actors::host_job(
      job, {.restore = restore, .run = run, .seed = hash_bytes(run.data(), run.size())},
      Env::posix(), *impl->log);
  if (!hosted.ok()) return hosted.status();
  actors::LocalClusterOptions cluster_options{.chaos = options.chaos, .threads = options.threads};
  const bool needs_directory =
      cli::needs_local_directory(job.options().state, (*hosted)->launch.initial.get());
  if (needs_directory) cluster_options.local = cli::local_directory("", run, *impl->log);
  auto cluster = actors::LocalCluster::start(std::move(hosted).value(), std::move(cluster_options),
                                             Env::posix(), *impl->log);
  if (!cluster.ok()) return cluster.status();
  impl->cluster = std::move(cluster).value();
  return JobHandle{std::move(impl)};
}

}  // namespace weir
