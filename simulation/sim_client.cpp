#include "simulation/sim_client.hpp"

#include "actors/roster.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <utility>

namespace weir::simulation {

using runtime::RestoreRequest;

void SimClient::begin(caf::actor_system& system, const net::Dialer& dialer,
                      base::BlockingPool& pool, const Clock& clock,
                      actors::CoordinatorFinder coordinator) {
  actor_ = system.spawn(actors::client_actor,
                        actors::ClientSpawn{dialer, pool, clock, std::move(coordinator),
                                            [this](actors::ClientActor::pointer self,
                                                   const actors::MasterActor& master) {
                                              master_ = master;
                                              ask(self);
                                            },
                                            this});
}

void SimClient::end() {
  actors::kill_actor(caf::actor_cast<caf::strong_actor_ptr>(actor_));
  actor_ = nullptr;
  master_ = nullptr;
  is_over_ = true;
}

void SimClient::ask(actors::ClientActor::pointer self) {
  if (is_over_) return;
  const actors::ClientActor client{self};
  if (!submission_.outlives_coordinators)
    self->send(master_, actors::ListJobs{client});
  else if (submission_.accepted)
    self->send(master_, actors::WatchJob{*submission_.accepted, client});
  else
    self->send(master_, actors::SubmitJob{{}, {}, submission_.ticket, client});
}

/// Watches the job, or submits it if the coordinator does not have it.
void SimClient::submit_again(const actors::ClusterOverview& overview) {
  for (const actors::JobSummary& job : overview.jobs) {
    const auto& outcome = job.view.outcome;
    if (outcome && outcome->kind != runtime::JobOutcome::Kind::finished) continue;
    return caf::anon_send(master_, actors::WatchJob{job.id, actor_});
  }
  const std::string ticket = submission_.ticket + "-" + std::to_string(++submission_.submissions);
  caf::anon_send(master_,
                 actors::SubmitJob{{}, {.from = RestoreRequest::From::latest}, ticket, actor_});
}

void SimClient::on_accepted(const actors::JobAccepted& accepted) {
  if (!is_over_ && submission_.outlives_coordinators) submission_.accepted = accepted.job;
}

void SimClient::on_rejected(const actors::RequestRejected& rejected) {
  if (is_over_) return;
  ++submission_.rejections;
  hears_.on_trouble(rejected.reason);
}

}  // namespace weir::simulation
