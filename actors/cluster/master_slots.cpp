// How a job of a master gets its slots, and nodes on their workers: carries a runtime::SlotPool.
#include "actors/cluster/master_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

using runtime::JobFailure;

/// Performs what the pool of slots decides.
struct PerformSlots {
  MasterState& state;

  void operator()(const runtime::SlotsGranted& action) const {
    ClusterJob& job = *state.jobs_.find(action.job);
    job.placement = action.placement;
    for (const WorkerId worker : job.workers()) state.host(job, worker);
    state.grant_if_hosted(job);
  }

  void operator()(const runtime::SlotsShort& action) const {
    ClusterJob& job = *state.jobs_.find(action.job);
    state.self_->send(job.actor,
                      SlotsMissing{job.attempt, "waiting for slots: " + describe(action.shortage)});
  }

  void operator()(const runtime::SlotsTimedOut& action) const {
    ClusterJob& job = *state.jobs_.find(action.job);
    state.self_->send(
        job.actor,
        SlotsRefused{job.attempt, {action.status.message(), JobFailure::Kind::transient}});
  }

  /// A job that runs there has heard of it as NodeLost. One that still waits must wait for others.
  void operator()(const runtime::SlotsLost& action) const {
    ClusterJob& job = *state.jobs_.find(action.job);
    if (job.is_waiting && job.workers().contains(action.worker)) state.request_slots(job);
  }
};

void MasterState::on_request_slots(const RequestSlots& request) {
  ClusterJob* job = jobs_.find(request.job.address());
  if (job == nullptr) return;  // it has ended meanwhile
  job->attempt = request.attempt;
  job->is_waiting = true;
  request_slots(*job);
}

void MasterState::request_slots(ClusterJob& job) {
  job.placement = {};
  if (job.scaling) {
    perform(slots_->on_vacate(job.id));
    perform(job, job.scaling->on_request(slots_->available_to(job.id), now()));
  } else {
    take_slots(job);
  }
  let_leave();  // a worker on which the job was
}

void MasterState::take_slots(ClusterJob& job) {
  perform(slots_->on_request(job.id, runtime::slots_needed(job.hosted->context->plan()), now()));
}

void MasterState::host(ClusterJob& job, WorkerId worker) {
  if (!job.begin_hosting(worker)) return;
  const JobContext& context = *job.hosted->context;
  self_->send(workers_.at(worker),
              HostJob{job.id, job.spec, context.run(), context.place().directory,
                      context.plan().max_parallelism(), runtime::fingerprint(context.plan()),
                      job.actor, libraries_});
}

void MasterState::on_hosted(JobHosted& hosted) {
  ClusterJob* job = jobs_.find(hosted.id);
  if (job == nullptr || job->has_ended()) {  // too late: it must not stay there
    const auto worker = workers_.find(hosted.worker);
    if (worker != workers_.end()) self_->send(worker->second, ReleaseJob{hosted.id});
    return;
  }
  const auto answer = job->on_answer(hosted.worker);
  if (answer == ClusterJob::Answer::unasked) return;
  if (answer == ClusterJob::Answer::outdated) return host_anew(*job, hosted.worker);
  self_->monitor(hosted.node);
  job->nodes.insert_or_assign(hosted.worker, std::move(hosted.node));
  grant_if_hosted(*job);
}

void MasterState::on_not_hosted(const JobNotHosted& refused) {
  ClusterJob* job = jobs_.find(refused.job);
  if (job == nullptr) return;
  const auto answer = job->on_answer(refused.worker);
  if (answer == ClusterJob::Answer::unasked || !job->is_waiting) return;
  if (answer == ClusterJob::Answer::outdated) return host_anew(*job, refused.worker);
  self_->send(job->actor, SlotsRefused{job->attempt,
                                       {"worker " + name_of(refused.worker) + ": " + refused.reason,
                                        JobFailure::Kind::permanent}});
}

/// A worker has answered for a plan that the job has no more.
void MasterState::host_anew(ClusterJob& job, WorkerId worker) {
  if (job.is_waiting && job.workers().contains(worker)) return host(job, worker);
  self_->send(workers_.at(worker), ReleaseJob{job.id});
}

void MasterState::grant_if_hosted(ClusterJob& job) {
  if (!job.is_waiting || !job.is_hosted()) return;
  job.is_waiting = false;
  if (job.scaling) job.scaling->on_granted(now());
  self_->send(job.actor,
              SlotsGranted{job.attempt, job.shares([this](WorkerId id) { return name_of(id); }),
                           job.hosted, job.rescaled});
}

void MasterState::drop_node(ClusterJob& job, const runtime::Member& worker,
                            const std::string& why) {
  const bool had_node = job.nodes.erase(worker.id) != 0;
  if (job.has_ended()) return;
  if (had_node && !job.is_waiting) self_->send(job.actor, NodeLost{worker.info.name, why});
}

/// A node that has died alone. A job that runs there watches it by itself.
void MasterState::drop_dead_node(ClusterJob& job, const caf::actor_addr& dead) {
  const auto worker = job.remove_node(dead);
  if (worker && job.is_waiting && job.workers().contains(*worker)) host(job, *worker);
}

/// The nodes of the job end, and with them what is left there of its subtasks.
void MasterState::release_nodes(ClusterJob& job) {
  for (const auto& [worker, node] : job.nodes) {
    self_->demonitor(node.address());
    self_->send(workers_.at(worker), ReleaseJob{job.id});
  }
  job.nodes.clear();
}

void MasterState::perform(const runtime::SlotActions& actions) {
  for (const runtime::SlotAction& action : actions) std::visit(PerformSlots{*this}, action);
  schedule_wake();
}

}  // namespace weir::actors
