#include "actors/cluster/worker_process.hpp"

#include "actors/cluster/worker_actor.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <condition_variable>
#include <mutex>
#include <utility>

namespace weir::actors {

/// Whether and why the worker's actor has ended.
class WorkerProcess::End {
public:
  void set(const std::string& reason) {
    {
      const std::lock_guard lock{mutex_};
      reason_ = reason;
    }
    changed_.notify_all();
  }
  std::optional<std::string> wait(Duration limit) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, limit, [&] { return reason_.has_value(); });
    return reason_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> reason_;  // guarded by mutex_
};

WorkerProcess::WorkerProcess(std::unique_ptr<Process> process)
    : end_{std::make_unique<End>()}, process_{std::move(process)} {}

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(WorkerOptions options, JobFactory& jobs,
                                                            Env& env, base::Logger& log) {
  auto process = Process::start(options.process, jobs, env, log);
  if (!process.ok()) return process.status();
  std::unique_ptr<WorkerProcess> worker{new WorkerProcess{std::move(process).value()}};
  Process& parts = *worker->process_;
  worker->worker_ = parts.system().spawn(
      worker_actor,
      WorkerSpawn{.services = parts.services(),
                  .coordinator = std::move(options.coordinator),
                  .name = std::move(options.name),
                  .slots = options.slots,
                  .build = std::move(options.build),
                  .registration = options.registration,
                  .seed = options.seed,
                  .on_end = [end = worker->end_.get()](const std::string& why) { end->set(why); }});
  auto port = parts.network().listen(worker->worker_, options.host, options.port);
  if (!port.ok()) return port.status();
  worker->port_ = *port;
  caf::anon_send(worker->worker_, JoinCluster{options.host, *port});
  return worker;
}

WorkerProcess::~WorkerProcess() {
  kill_actor(caf::actor_cast<caf::strong_actor_ptr>(worker_));
  worker_ = nullptr;
}

void WorkerProcess::leave() {
  caf::anon_send(worker_, LeaveCluster{});
}

std::optional<std::string> WorkerProcess::wait_for_end(Duration limit) const {
  return end_->wait(limit);
}

}  // namespace weir::actors
