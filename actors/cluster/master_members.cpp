// What a master knows of its workers: carries a runtime::WorkerTable.
#include "actors/cluster/master_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {
namespace {

constexpr std::chrono::milliseconds kMeshGrace{100};

}  // namespace

/// Performs what the table of workers decides.
struct PerformMember {
  MasterState& state;

  void operator()(const runtime::Admit& action) const {
    const auto& heartbeat = state.spawn_->members.heartbeat;
    const WorkerActor& worker = state.registering_->worker;
    if (!state.workers_.contains(action.id)) {
      state.spawn_->services.common.log.info(
          "worker joins", {{"worker", runtime::describe(action.info)}, {"id", action.id.value()}});
      state.self_->monitor(worker);
      state.workers_.emplace(action.id, worker);
    }
    state.self_->send(worker, WorkerAdmitted{action.id, heartbeat.interval, heartbeat.timeout});
  }

  void operator()(const runtime::Refuse& action) const {
    state.spawn_->services.common.log.warn("worker refused", {{"reason", action.status.message()}});
    state.self_->send(state.registering_->worker, WorkerRefused{action.status.message()});
  }

  void operator()(const runtime::RegisterAnew& action) const {
    const auto sender = caf::actor_cast<caf::strong_actor_ptr>(state.self_->current_sender());
    if (sender) state.self_->send(caf::actor_cast<WorkerActor>(sender), WorkerFenced{action.id});
  }

  void operator()(const runtime::WorkerLost& action) const {
    state.spawn_->services.common.log.warn("worker lost", {{"reason", action.text}});
    state.lose_worker(action.worker, action.text);
  }

  void operator()(const runtime::Announce& action) const {
    for (const auto& [id, worker] : state.workers_)
      state.self_->send(worker, MembersChanged{action.view});
    state.check_meshes();
    const runtime::SlotActions slots = state.slots_->on_members(action.view);
    state.scale_jobs();
    state.perform(slots);
    state.let_leave();
  }
};

void MasterState::on_register(RegisterWorker& message) {
  note_signs();
  registering_.emplace(std::move(message));
  perform(members_->on_register(registering_->info, registering_->nonce, now()));
  registering_.reset();
}

/// To be called before anybody is judged by its silence.
void MasterState::note_signs() {
  for (const auto& [id, worker] : workers_) {
    if (const auto at = spawn_->services.signs->last(worker.node())) members_->on_sign(id, *at);
  }
}

void MasterState::on_beat(const WorkerBeat& beat) {
  perform(members_->on_connections(beat.from, beat.connected, now()));
  const auto worker = workers_.find(beat.from);
  if (worker != workers_.end()) self_->send(worker->second, MasterBeat{beat.from});
}

void MasterState::on_leaving(const WorkerLeaving& leaving) {
  perform(members_->on_drain(leaving.id));
  for (const JobId job : slots_->jobs_on(leaving.id))
    self_->send(jobs_.find(job)->actor, RelocateJob{});
}

/// Everything of a lost worker is over: its jobs hear of it, and if it still speaks it is told.
void MasterState::lose_worker(const runtime::Member& member, const std::string& why) {
  for (auto& [id, job] : jobs_) {
    drop_node(job, member, why);
    job.hosting.erase(member.id);
  }
  const auto worker = workers_.find(member.id);
  if (worker == workers_.end()) return;
  self_->demonitor(worker->second.address());
  self_->send(worker->second, WorkerFenced{member.id});
  workers_.erase(worker);
}

/// A worker that has lost its connection to another cannot take part in a job that runs on both.
/// When the other has ended, the master is about to notice it as well: that is the better reason.
void MasterState::check_meshes() {
  const auto is_joining = [](const runtime::Member& member) {
    return member.state == runtime::WorkerState::joining;
  };
  const auto& members = members_->view().members;
  if (mesh_check_is_due_ || std::none_of(members.begin(), members.end(), is_joining)) return;
  mesh_check_is_due_ = true;
  self_->delayed_send(self_, kMeshGrace, Continue{[this, is_joining] {
                        mesh_check_is_due_ = false;
                        for (const runtime::Member& member : members_->view().members) {
                          if (is_joining(member)) end_shared_jobs(member);
                        }
                      }});
}

void MasterState::end_shared_jobs(const runtime::Member& member) {
  std::string others;
  for (const auto& other : members_->missing_connections(member.id))
    others += " " + runtime::describe(other);
  for (auto& [id, job] : jobs_) {
    const auto workers = job.workers();
    if (job.has_ended() || workers.size() < 2 || !workers.contains(member.id)) continue;
    drop_node(job, member, "it has lost its connection to" + others);
    self_->send(workers_.at(member.id), ReleaseJob{id});
    if (job.is_waiting) request_slots(job);
  }
}

/// Draining workers go when no job holds a slot there.
void MasterState::let_leave() {
  for (const runtime::Member& member : members_->view().members) {
    if (member.state == runtime::WorkerState::draining && slots_->jobs_on(member.id).empty())
      self_->send(workers_.at(member.id), MayLeave{member.id});
  }
}

void MasterState::perform(const runtime::ClusterActions& actions) {
  for (const runtime::ClusterAction& action : actions) std::visit(PerformMember{*this}, action);
  schedule_wake();
}

WorkerId MasterState::find(const caf::actor_addr& worker) const {
  const auto at = std::find_if(workers_.begin(), workers_.end(),
                               [&](const auto& entry) { return entry.second == worker; });
  return at == workers_.end() ? WorkerId{} : at->first;
}

std::string MasterState::name_of(WorkerId id) const {
  const runtime::Member* member = members_->view().find(id);
  return member == nullptr ? "worker " + std::to_string(id.value()) : member->info.name;
}

}  // namespace weir::actors
