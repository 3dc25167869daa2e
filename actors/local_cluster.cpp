#include "actors/local_cluster.hpp"

#include "actors/chaos_controller.hpp"
#include "actors/config.hpp"
#include "actors/job_actor.hpp"
#include "actors/random_killer.hpp"
#include "actors/savepoint_board.hpp"
#include "actors/view_board.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <utility>

namespace weir::actors {
namespace {

constexpr int kBlockingThreads = 4;  // enough to overlap a few slow disks; more only take turns

}  // namespace

/// Actors go first, then the threads that may still speak to them.
class LocalCluster::Impl {
public:
  Impl(HostedJobPtr hosted, LocalClusterOptions& options, Env& env, base::Logger& log)
      : job{std::move(hosted)},
        local{std::move(options.local)},
        chaos{roster, log},
        config{options.threads},
        system{std::make_unique<caf::actor_system>(config)},
        pool{std::make_unique<base::ThreadPool>(kBlockingThreads)},
        backends{local.get()},
        services{env, Clock::system(), *pool, chaos, log, roster, backends, local.get()} {
    if (local != nullptr) local->clean();
  }

  ~Impl() {
    for (const auto& killer : killers) caf::anon_send_exit(killer, caf::exit_reason::kill);
    kill_actor(caf::actor_cast<caf::strong_actor_ptr>(job_actor_));
    roster.close();
    killers.clear();
    job_actor_ = nullptr;
    system->await_all_actors_done();  // until then they may still ask the pool for work
    pool.reset();                     // finishes its work, whose answers may still name actors
    system.reset();
    if (local != nullptr) local->remove();
  }

  HostedJobPtr job;
  std::unique_ptr<checkpoint::LocalDirectory> local;
  ViewBoard board;
  SavepointBoard savepoints;
  Roster roster;
  ChaosController chaos;
  SystemConfig config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<base::ThreadPool> pool;
  runtime::StateBackends backends;
  Services services;
  JobActor job_actor_;
  std::vector<caf::actor> killers;
};

LocalCluster::LocalCluster(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
LocalCluster::~LocalCluster() = default;

Result<std::unique_ptr<LocalCluster>> LocalCluster::start(HostedJobPtr job,
                                                          LocalClusterOptions options, Env& env,
                                                          base::Logger& log) {
  auto impl = std::make_unique<Impl>(std::move(job), options, env, log);
  if (Status status = impl->chaos.arm(impl->job->context->plan(), options.chaos); !status.ok())
    return status;
  JobSpawn spawn{impl->job, impl->services,
                 [to = impl.get()](const runtime::JobView& view) {
                   to->board.on_view(view);
                   if (view.outcome) to->savepoints.on_end();
                 },
                 options.report_every};
  spawn.on_savepoint = [board = &impl->savepoints](const SavepointAnswer& answer) {
    board->on_answer(answer);
  };
  spawn.metrics = std::move(options.metrics);
  impl->job_actor_ = impl->system->spawn(job_actor, std::move(spawn));
  for (const ChaosRule& rule : impl->chaos.take_random_rules())
    impl->killers.push_back(impl->system->spawn(random_killer, &impl->chaos, rule));
  caf::anon_send(impl->job_actor_, LaunchJob{});
  return std::unique_ptr<LocalCluster>{new LocalCluster{std::move(impl)}};
}

void LocalCluster::stop(bool at_once) {
  caf::anon_send(impl_->job_actor_, StopJob{at_once});
}

Result<std::string> LocalCluster::savepoint(const std::string& target, std::optional<StopMode> stop,
                                            SavepointFormat format) {
  const std::string ticket = impl_->savepoints.begin();
  caf::anon_send(impl_->job_actor_, TakeSavepoint{ticket, target, savepoint_kind(stop), format});
  return impl_->savepoints.wait(ticket);
}

void LocalCluster::kill(const std::string& victim) {
  impl_->chaos.kill(victim);
}

runtime::JobView LocalCluster::view() const {
  return impl_->board.view();
}

std::uint64_t LocalCluster::wait_for_change(std::uint64_t seen, Duration limit) const {
  return impl_->board.wait_for_change(seen, limit);
}

runtime::JobOutcome LocalCluster::wait() const {
  return impl_->board.wait_for_outcome();
}

}  // namespace weir::actors
