#include "actors/cluster/master_actor.hpp"

#include "actors/blocking.hpp"
#include "actors/job_actor.hpp"
#include "base/text.hpp"

#include <weir/hash.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {

using runtime::JobFailure;

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

/// Performs what the pool of slots decides.
struct PerformSlots {
  MasterState& state;

  void operator()(const runtime::SlotsGranted& action) const {
    ClusterJob& job = *state.find(action.job);
    job.placement = action.placement;
    for (const WorkerId worker : job.workers()) state.host(job, worker);
    state.grant_if_hosted(job);
  }

  void operator()(const runtime::SlotsShort& action) const {
    ClusterJob& job = *state.find(action.job);
    state.self_->send(job.actor,
                      SlotsMissing{job.attempt, "waiting for slots: " + describe(action.shortage)});
  }

  void operator()(const runtime::SlotsTimedOut& action) const {
    ClusterJob& job = *state.find(action.job);
    state.self_->send(
        job.actor,
        SlotsRefused{job.attempt, {action.status.message(), JobFailure::Kind::transient}});
  }

  /// A job that runs there has heard of it as NodeLost. One that still waits must wait for others.
  void operator()(const runtime::SlotsLost& action) const {
    ClusterJob& job = *state.find(action.job);
    if (job.is_waiting && job.workers().contains(action.worker)) state.request_slots(job);
  }
};

MasterState::~MasterState() {
  for (const auto& [id, job] : jobs_)
    kill_actor(caf::actor_cast<caf::strong_actor_ptr>(job->actor));
  kill_actor(caf::actor_cast<caf::strong_actor_ptr>(libraries_));
}

void MasterState::begin(MasterSpawn spawn) {
  spawn_.emplace(std::move(spawn));
  members_.emplace(spawn_->members);
  slots_.emplace(spawn_->slots);
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  serve_libraries();
  inherit(spawn_->inheritance);
}

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
  for (const JobId job : slots_->jobs_on(leaving.id)) self_->send(find(job)->actor, RelocateJob{});
}

/// Everything of a lost worker is over: its jobs hear of it, and if it still speaks it is told.
void MasterState::lose_worker(const runtime::Member& member, const std::string& why) {
  for (const auto& [id, job] : jobs_) {
    drop_node(*job, member, why);
    job->hosting.erase(member.id);
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
  for (const auto& [id, job] : jobs_) {
    const auto workers = job->workers();
    if (job->has_ended() || workers.size() < 2 || !workers.contains(member.id)) continue;
    drop_node(*job, member, "it has lost its connection to" + others);
    self_->send(workers_.at(member.id), ReleaseJob{id});
    if (job->is_waiting) request_slots(*job);
  }
}

void MasterState::drop_node(ClusterJob& job, const runtime::Member& worker,
                            const std::string& why) {
  const bool had_node = job.nodes.erase(worker.id) != 0;
  if (job.has_ended()) return;
  if (had_node && !job.is_waiting) self_->send(job.actor, NodeLost{worker.info.name, why});
}

void MasterState::on_request_slots(const RequestSlots& request) {
  const auto job = std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
    return entry.second->actor == request.job;
  });
  if (job == jobs_.end()) return;  // it has ended meanwhile
  job->second->attempt = request.attempt;
  job->second->is_waiting = true;
  request_slots(*job->second);
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
  if (job.nodes.contains(worker) || !job.hosting.emplace(worker, job.hosted).second) return;
  const JobContext& context = *job.hosted->context;
  self_->send(workers_.at(worker),
              HostJob{job.id, job.spec, context.run(), context.place().directory,
                      context.plan().max_parallelism(), runtime::fingerprint(context.plan()),
                      job.actor, libraries_});
}

void MasterState::on_hosted(JobHosted& hosted) {
  ClusterJob* job = find(hosted.id);
  if (job == nullptr || job->has_ended()) {  // too late: it must not stay there
    const auto worker = workers_.find(hosted.worker);
    if (worker != workers_.end()) self_->send(worker->second, ReleaseJob{hosted.id});
    return;
  }
  const auto asked = job->hosting.extract(hosted.worker);
  if (asked.empty()) return;
  if (asked.mapped() != job->hosted) return host_anew(*job, hosted.worker);
  self_->monitor(hosted.node);
  job->nodes.insert_or_assign(hosted.worker, std::move(hosted.node));
  grant_if_hosted(*job);
}

void MasterState::on_not_hosted(const JobNotHosted& refused) {
  ClusterJob* job = find(refused.job);
  if (job == nullptr) return;
  const auto asked = job->hosting.extract(refused.worker);
  if (asked.empty() || !job->is_waiting) return;
  if (asked.mapped() != job->hosted) return host_anew(*job, refused.worker);
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

void MasterState::on_viewed(JobViewed& viewed) {
  ClusterJob* job = find(viewed.job);
  if (job == nullptr || job->has_ended()) return;
  job->view = std::move(viewed.view);
  if (job->has_ended()) return conclude(*job);
  tell_watchers(*job);
}

void MasterState::tell_watchers(const ClusterJob& job) {
  for (const ClientActor& client : job.watchers) self_->send(client, JobChanged{job.id, job.view});
}

void MasterState::end_job(ClusterJob& job) {
  spawn_->services.common.log.info(
      "job ended", {{"job", job.id.value()}, {"outcome", to_string(job.view.outcome->kind)}});
  for (const auto& [worker, node] : job.nodes) {
    self_->demonitor(node.address());
    self_->send(workers_.at(worker), ReleaseJob{job.id});
  }
  job.nodes.clear();
  job.hosting.clear();
  job.placement = {};
  job.watchers.clear();
  job.actor = nullptr;
  job.hosted.reset();
  job.scaling.reset();
  perform(slots_->on_release(job.id));
  let_leave();
}

void MasterState::on_watch(const WatchJob& watch) {
  ClusterJob* job = find(watch.job);
  if (job == nullptr)
    return self_->send(watch.client,
                       RequestRejected{ErrorCode::not_found,
                                       "there is no job " + std::to_string(watch.job.value())});
  self_->send(watch.client, JobChanged{job->id, job->view});
  if (job->has_ended()) return;
  self_->monitor(watch.client);
  job->watchers.push_back(watch.client);
}

void MasterState::on_stop(const StopNamedJob& stop) {
  ClusterJob* job = find(stop.job);
  if (job == nullptr)
    return self_->send(stop.client, RequestRejected{ErrorCode::not_found,
                                                    "there is no job \"" + stop.job +
                                                        "\" on this cluster; `weir list` shows "
                                                        "those that there are"});
  if (!job->has_ended() && !job->actor)
    return self_->send(stop.client,
                       RequestRejected{ErrorCode::unavailable,
                                       "job " + job->name + " is being taken over; ask again"});
  if (!job->has_ended()) self_->send(job->actor, StopJob{stop.at_once});
  self_->send(stop.client, RequestDone{});
}

void MasterState::on_list(const ListJobs& list) {
  ClusterOverview overview;
  for (const auto& [id, job] : jobs_) {
    JobSummary summary{id, job->name, job->view, {}};
    for (const WorkerId worker : job->workers()) summary.workers.push_back(name_of(worker));
    overview.jobs.push_back(std::move(summary));
  }
  overview.members = members_->view();
  for (const auto& [id, worker] : slots_->workers()) {
    overview.slots += worker.total;
    overview.free_slots += worker.free();
  }
  self_->send(list.client, std::move(overview));
}

void MasterState::on_ping(const PingMaster& ping) {
  self_->send(ping.client, RequestDone{});
}

/// Draining workers go when no job holds a slot there.
void MasterState::let_leave() {
  for (const runtime::Member& member : members_->view().members) {
    if (member.state == runtime::WorkerState::draining && slots_->jobs_on(member.id).empty())
      self_->send(workers_.at(member.id), MayLeave{member.id});
  }
}

void MasterState::on_down(const caf::down_msg& down) {
  if (const WorkerId id = find(down.source); id != WorkerId{}) {
    workers_.erase(id);
    return perform(members_->on_closed(id));
  }
  for (const auto& [id, job] : jobs_) {
    std::erase_if(job->watchers, [&](const ClientActor& client) { return client == down.source; });
    drop_dead_node(*job, down.source);
    if (job->actor == down.source && !job->has_ended()) {
      job->view.outcome = runtime::JobOutcome{runtime::JobOutcome::Kind::failed,
                                              "its master died: " + caf::to_string(down.reason)};
      conclude(*job);
    }
  }
}

/// A node that has died alone. A job that runs there watches it by itself.
void MasterState::drop_dead_node(ClusterJob& job, const caf::actor_addr& dead) {
  const auto node = std::find_if(job.nodes.begin(), job.nodes.end(),
                                 [&](const auto& entry) { return entry.second == dead; });
  if (node == job.nodes.end()) return;
  const WorkerId worker = node->first;
  job.nodes.erase(node);
  if (job.is_waiting && job.workers().contains(worker)) host(job, worker);
}

void MasterState::on_wake(Duration at) {
  if (wake_at_ == at) wake_at_.reset();
  note_signs();
  perform(members_->on_tick(now()));
  perform(slots_->on_tick(now()));
  tick_scaling();
}

void MasterState::perform(const runtime::ClusterActions& actions) {
  for (const runtime::ClusterAction& action : actions) std::visit(PerformMember{*this}, action);
  schedule_wake();
}

void MasterState::perform(const runtime::SlotActions& actions) {
  for (const runtime::SlotAction& action : actions) std::visit(PerformSlots{*this}, action);
  schedule_wake();
}

void MasterState::schedule_wake() {
  std::optional<Duration> next = members_->next_wake();
  const auto earlier = [&next](std::optional<Duration> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  earlier(slots_->next_wake());
  for (const auto& [id, job] : jobs_) {
    if (job->scaling) earlier(job->scaling->next_wake());
  }
  if (!next || (wake_at_ && *wake_at_ <= *next)) return;
  wake_at_ = next;
  self_->delayed_send(self_, std::max(*next - now(), Duration{}), Wake{*next});
}

ClusterJob* MasterState::find(JobId id) {
  const auto job = jobs_.find(id);
  return job == jobs_.end() ? nullptr : job->second.get();
}

/// By number, or the newest job of that name.
ClusterJob* MasterState::find(const std::string& id_or_name) {
  if (const auto number = base::parse_int(id_or_name); number.ok() && *number > 0)
    return find(JobId{static_cast<std::uint64_t>(*number)});
  const auto job = std::find_if(jobs_.rbegin(), jobs_.rend(), [&](const auto& entry) {
    return entry.second->name == id_or_name;
  });
  return job == jobs_.rend() ? nullptr : job->second.get();
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

MasterActor::behavior_type master_actor(MasterState::Self self, MasterSpawn spawn) {
  MasterState& state = self->state;
  state.begin(std::move(spawn));
  return {
      [&state](RegisterWorker& message) { state.on_register(message); },
      [&state](const WorkerBeat& beat) { state.on_beat(beat); },
      [&state](const WorkerLeaving& leaving) { state.on_leaving(leaving); },
      [&state](JobHosted& hosted) { state.on_hosted(hosted); },
      [&state](const JobNotHosted& refused) { state.on_not_hosted(refused); },
      [&state](const RequestSlots& request) { state.on_request_slots(request); },
      [&state](JobViewed& viewed) { state.on_viewed(viewed); },
      [&state](SubmitJob& submit) { state.on_submit(submit); },
      [&state](const WatchJob& watch) { state.on_watch(watch); },
      [&state](const StopNamedJob& stop) { state.on_stop(stop); },
      [&state](const ListJobs& list) { state.on_list(list); },
      [&state](const PingMaster& ping) { state.on_ping(ping); },
      [&state](const Wake& wake) { state.on_wake(wake.at); },
      [](const Continue& message) { message.then(); },
  };
}

}  // namespace weir::actors
