#include "actors/cluster/remote_cluster.hpp"

#include "actors/cluster/client_actor.hpp"
#include "actors/view_board.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace weir::actors {
namespace {

/// Waits for the answer to one question.
template <class Answer>
class Waiting : public ClientObserver {
public:
  void on_rejected(const RequestRejected& rejected) override {
    settle(Status{rejected.code, rejected.reason});
  }
  void on_disconnected(const std::string& why) override {
    settle(Status{ErrorCode::unavailable, why});
  }
  Result<Answer> wait() {
    std::unique_lock lock{mutex_};
    settled_.wait(lock, [&] { return answer_.has_value(); });
    return *answer_;
  }

protected:
  void settle(Result<Answer> answer) {
    {
      const std::lock_guard lock{mutex_};
      if (!answer_) answer_ = std::move(answer);
    }
    settled_.notify_all();
  }

private:
  std::mutex mutex_;
  std::condition_variable settled_;
  std::optional<Result<Answer>> answer_;  // guarded by mutex_
};

class WaitingForDone final : public Waiting<RequestDone> {
  void on_done() override { settle(RequestDone{}); }
};

class WaitingForSavepoint final : public Waiting<std::string> {
  void on_savepoint(const SavepointAnswer& answer) override { settle(answer.result()); }
};

class WaitingForOverview final : public Waiting<ClusterOverview> {
  void on_overview(const ClusterOverview& overview) override { settle(overview); }
};

class WaitingForCheckpoints final : public Waiting<JobCheckpoints> {
  void on_checkpoints(const JobCheckpoints& all) override { settle(all); }
};

class WaitingForMetrics final : public Waiting<JobMetricsShown> {
  void on_metrics(const JobMetricsShown& shown) override { settle(shown); }
};

/// Hears of one job from its submission on.
class JobListener final : public Waiting<JobAccepted> {
public:
  void on_accepted(const JobAccepted& accepted) override {
    {
      const std::lock_guard lock{mutex_};
      job_ = accepted.job;
    }
    settle(accepted);
  }
  void on_rejected(const RequestRejected& rejected) override {
    // Once it is accepted only a leader that does not know the job rejects anything.
    if (job() && rejected.code == ErrorCode::not_found) lose(rejected.reason);
    Waiting::on_rejected(rejected);
  }
  void on_changed(const JobChanged& changed) override { board.on_view(changed.view); }
  void on_disconnected(const std::string& why) override {
    lose(why);
    Waiting::on_disconnected(why);
  }
  /// Once it is accepted.
  std::optional<JobId> job() const {
    const std::lock_guard lock{mutex_};
    return job_;
  }
  std::optional<std::string> lost() const {
    const std::lock_guard lock{mutex_};
    return lost_;
  }

  ViewBoard board;

private:
  void lose(const std::string& why) {
    const std::lock_guard lock{mutex_};
    lost_ = why;
  }

  mutable std::mutex mutex_;
  std::optional<JobId> job_;         // guarded by mutex_
  std::optional<std::string> lost_;  // likewise
};

/// Hands out the only library that this process has.
LibrarySource serve(Process& process, const std::shared_ptr<const Bytes>& library) {
  return process.system().spawn(
      library_source, &process.services().common.pool,
      ReadLibrary{[library](const std::string&, std::uint64_t offset) {
        const std::size_t at = std::min<std::size_t>(offset, library->size());
        return Result<runtime::LibraryPart>{
            runtime::LibraryPart{library->size(), library->substr(at, runtime::kLibraryPartBytes)}};
      }});
}

/// An actor that asks for one thing; it ends with this object, before the observer does.
class Client {
public:
  Client(Process& process, const CoordinatorFinder& coordinator, ClientObserver& observer,
         std::function<void(ClientActor::pointer, const MasterActor&)> ask)
      : actor_{process.system().spawn(
            client_actor, ClientSpawn{process.services().dialer, process.services().common.pool,
                                      Clock::system(), coordinator, std::move(ask), &observer})} {}
  ~Client() {
    auto pointer = caf::actor_cast<caf::strong_actor_ptr>(actor_);
    caf::scoped_actor self{*pointer->home_system};
    self->monitor(pointer);
    kill_actor(pointer);
    self->receive([](const caf::down_msg&) {});
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const ClientActor& actor() const { return actor_; }

private:
  ClientActor actor_;
};

}  // namespace

class RemoteJob::Impl {
public:
  Impl(Process& process, const CoordinatorFinder& coordinator, SubmitJob submit)
      : submit_{std::move(submit)},
        client{
            process, coordinator, listener,
            [this](ClientActor::pointer self, const MasterActor& master) { ask(self, master); }} {}

  ~Impl() { kill_actor(caf::actor_cast<caf::strong_actor_ptr>(submit_.library)); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void stop(bool at_once) {
    const std::lock_guard lock{mutex_};
    caf::anon_send(master_,
                   StopNamedJob{std::to_string(accepted.job.value()), at_once, client.actor()});
  }

private:
  /// A leader that has not heard of the job is told; one that has goes by the ticket, so that it
  /// does not matter whether the one before had accepted it.
  void ask(ClientActor::pointer self, const MasterActor& master) {
    {
      const std::lock_guard lock{mutex_};
      master_ = master;
    }
    submit_.client = ClientActor{self};
    if (const auto job = listener.job())
      self->send(master, WatchJob{*job, submit_.client});
    else
      self->send(master, submit_);
  }

  SubmitJob submit_;  // used by the client's actor alone
  std::mutex mutex_;
  MasterActor master_;  // guarded by mutex_; set before the job is accepted

public:
  JobListener listener;
  JobAccepted accepted;
  Client client;  // ends first
};

RemoteJob::RemoteJob(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
RemoteJob::~RemoteJob() = default;

const JobAccepted& RemoteJob::accepted() const {
  return impl_->accepted;
}
std::optional<std::string> RemoteJob::lost() const {
  return impl_->listener.lost();
}
void RemoteJob::stop(bool at_once) {
  impl_->stop(at_once);
}
runtime::JobView RemoteJob::view() const {
  return impl_->listener.board.view();
}
std::uint64_t RemoteJob::wait_for_change(std::uint64_t seen, Duration limit) const {
  return impl_->listener.board.wait_for_change(seen, limit);
}

/// A client hosts no jobs.
class RemoteCluster::NoJobs final : public JobFactory {
public:
  Result<Job> build(const JobSpec&) override {
    return Status{ErrorCode::internal, "a client was asked to build a job"};
  }
};

RemoteCluster::RemoteCluster(CoordinatorFinder coordinator)
    : coordinator_{std::move(coordinator)}, no_jobs_{std::make_unique<NoJobs>()} {}
RemoteCluster::~RemoteCluster() = default;

Result<std::unique_ptr<RemoteCluster>> RemoteCluster::connect(CoordinatorFinder coordinator,
                                                              const net::NetworkOptions& network,
                                                              base::Logger& log) {
  std::unique_ptr<RemoteCluster> cluster{new RemoteCluster{std::move(coordinator)}};
  auto process =
      Process::start({.network = network, .threads = 1}, *cluster->no_jobs_, Env::posix(), log);
  if (!process.ok()) return process.status();
  cluster->process_ = std::move(process).value();
  return cluster;
}

Result<std::unique_ptr<RemoteJob>> RemoteCluster::submit(
    const JobSpec& spec, const runtime::RestoreRequest& restore, const std::string& ticket,
    const std::shared_ptr<const Bytes>& library) {
  SubmitJob request{spec, restore, ticket, {}, {}};
  if (library != nullptr) request.library = serve(*process_, library);
  auto impl = std::make_unique<RemoteJob::Impl>(*process_, coordinator_, std::move(request));
  auto accepted = impl->listener.wait();
  if (!accepted.ok()) return accepted.status();
  impl->accepted = std::move(accepted).value();
  return std::make_unique<RemoteJob>(std::move(impl));
}

Status RemoteCluster::stop(const std::string& job, bool at_once) {
  WaitingForDone answer;
  const Client client{*process_, coordinator_, answer,
                      [&](ClientActor::pointer self, const MasterActor& master) {
                        self->send(master, StopNamedJob{job, at_once, ClientActor{self}});
                      }};
  return answer.wait().status();
}

Result<std::string> RemoteCluster::savepoint(const std::string& job, const TakeSavepoint& order) {
  WaitingForSavepoint answer;
  const Client client{*process_, coordinator_, answer,
                      [&](ClientActor::pointer self, const MasterActor& master) {
                        self->send(master, SaveNamedJob{job, order, ClientActor{self}});
                      }};
  return answer.wait();
}

Result<ClusterOverview> RemoteCluster::overview() {
  WaitingForOverview answer;
  const Client client{*process_, coordinator_, answer,
                      [](ClientActor::pointer self, const MasterActor& master) {
                        self->send(master, ListJobs{ClientActor{self}});
                      }};
  return answer.wait();
}

Result<JobCheckpoints> RemoteCluster::checkpoints(const std::string& job) {
  WaitingForCheckpoints answer;
  const Client client{*process_, coordinator_, answer,
                      [&](ClientActor::pointer self, const MasterActor& master) {
                        self->send(master, ShowCheckpoints{job, ClientActor{self}});
                      }};
  return answer.wait();
}

Result<std::vector<runtime::MetricFamily>> RemoteCluster::metrics(const std::string& job) {
  WaitingForMetrics answer;
  const Client client{*process_, coordinator_, answer,
                      [&](ClientActor::pointer self, const MasterActor& master) {
                        self->send(master, ShowMetrics{job, ClientActor{self}});
                      }};
  auto shown = answer.wait();
  if (!shown.ok()) return shown.status();
  return std::move(shown).value().families;
}

}  // namespace weir::actors
