#include "actors/cluster/worker_actor.hpp"

#include "actors/blocking.hpp"
#include "actors/cluster/library_fetch.hpp"
#include "actors/node_actor.hpp"

#include <caf/atom.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {
namespace {

constexpr WorkerId kMaster{};  // as a peer of the heartbeat monitor; no worker has this id
constexpr std::chrono::seconds kDialTimeout{10};   // the dialler gives up before
constexpr std::chrono::seconds kQuickDial{2};      // when another place is worth a try
constexpr std::chrono::seconds kAnswerTimeout{5};  // of a registration
constexpr std::chrono::seconds kTransferPause{1};  // before a transfer that broke off is repeated

}  // namespace

void WorkerActorState::begin(WorkerSpawn spawn) {
  spawn_.emplace(std::move(spawn));
  random_ = base::Random{spawn_->seed};
  backoff_.emplace(spawn_->registration, random_.next());
  peers_ = std::make_unique<PeerLinks>(self_, spawn_->services, [this] { beat(); });
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
}

void WorkerActorState::on_join(const JoinCluster& join) {
  place_ = join;
  look();
}

void WorkerActorState::look() {
  ask_blocking(self_, spawn_->services.common.pool, spawn_->coordinator.find,
               [this, round = round_](Result<std::vector<Endpoint>> places) {
                 if (round != round_) return;
                 if (!places.ok()) return rejoin(places.status().message());
                 places_ = std::move(places).value();
                 dial_next("there is no place to look for it");
               });
}

/// Tries the next place. `why` the one before was none.
void WorkerActorState::dial_next(const std::string& why) {
  if (places_.empty()) return rejoin(why);
  const Endpoint place = places_.front();
  places_.erase(places_.begin());
  // One that is frozen still takes connections; another may lead already.
  const std::chrono::seconds limit = spawn_->coordinator.has_standbys ? kQuickDial : kDialTimeout;
  self_->request(spawn_->services.dialer, limit, caf::connect_atom::value, place.host, place.port)
      .then(
          [this, round = round_](const caf::node_id&, const caf::strong_actor_ptr& master,
                                 const std::set<std::string>&) {
            if (round == round_) on_dialled(master);
          },
          [this, round = round_](const caf::error& error) {
            if (round == round_) dial_next("cannot reach it: " + net::dial_status(error).message());
          });
}

void WorkerActorState::on_dialled(const caf::strong_actor_ptr& master) {
  if (!master) return dial_next("nobody answers there");
  master_ = caf::actor_cast<MasterActor>(master);
  self_->monitor(master_);
  self_->send(master_, RegisterWorker{{.name = spawn_->name,
                                       .host = place_.host,
                                       .port = place_.port,
                                       .slots = spawn_->slots,
                                       .protocol = kProtocolVersion,
                                       .build = spawn_->build},
                                      random_.next(),
                                      WorkerActor{self_}});
  self_->delayed_send(self_, kAnswerTimeout, Continue{[this, round = round_] {
                        if (round == round_ && !session_) rejoin("it does not answer");
                      }});
}

/// Ends everything that runs here, and begins anew after a pause.
void WorkerActorState::rejoin(const std::string& why) {
  ++round_;
  if (session_ || master_)
    spawn_->services.common.log.warn("lost the coordinator: what ran here ends", {{"reason", why}});
  else
    spawn_->services.common.log.warn("waiting for the coordinator",
                                     {{"at", spawn_->coordinator.description}, {"reason", why}});
  jobs_.release_all();
  peers_->end();
  session_.reset();
  if (master_) self_->demonitor(master_.address());
  master_ = nullptr;
  if (is_leaving_) return end("");
  self_->delayed_send(self_, backoff_->next_timeout(), Continue{[this, round = round_] {
                        if (round == round_) look();
                      }});
}

bool WorkerActorState::is_from_master() const {
  return master_ && self_->current_sender() == caf::actor_cast<caf::strong_actor_ptr>(master_);
}

void WorkerActorState::on_admitted(const WorkerAdmitted& admitted) {
  if (session_ || !is_from_master())
    return;  // an answer to a question that was repeated, or is over
  backoff_->reset();
  const runtime::HeartbeatOptions heartbeat{.interval = admitted.heartbeat_interval,
                                            .timeout = admitted.heartbeat_timeout};
  session_.emplace(Session{admitted.id, heartbeat.interval, runtime::HeartbeatMonitor{heartbeat}});
  session_->master.watch(kMaster, now());
  spawn_->services.common.log.info("joined the cluster", {{"id", admitted.id.value()}});
  peers_->begin(admitted.id, heartbeat);
  if (is_leaving_) self_->send(master_, WorkerLeaving{admitted.id});
  keep_beating();
}

void WorkerActorState::on_refused(const WorkerRefused& refused) {
  if (session_ || !is_from_master()) return;
  end(refused.reason);
}

void WorkerActorState::on_fenced(const WorkerFenced& fenced) {
  if (is_from_master() && is_member(fenced.id)) rejoin("it has declared this worker lost");
}

void WorkerActorState::on_master_beat(const MasterBeat& beat) {
  if (is_from_master() && is_member(beat.to)) session_->master.on_heard(kMaster, now());
}

void WorkerActorState::beat() {
  if (session_) self_->send(master_, WorkerBeat{session_->id, peers_->connected()});
}

void WorkerActorState::keep_beating() {
  if (const auto at = spawn_->services.signs->last(master_.node()))
    session_->master.on_sign(kMaster, *at);
  if (!session_->master.on_tick(now()).empty()) return rejoin("nothing is heard of it");
  peers_->tick();
  beat();
  self_->delayed_send(self_, session_->interval, Continue{[this, round = round_] {
                        if (round == round_) keep_beating();
                      }});
}

void WorkerActorState::on_members(MembersChanged& changed) {
  if (session_ && is_from_master()) peers_->on_members(std::move(changed.view));
}

void WorkerActorState::on_host(HostJob& order) {
  if (!session_ || !is_from_master()) return;
  bring(std::make_shared<HostJob>(std::move(order)));
}

void WorkerActorState::bring(const std::shared_ptr<HostJob>& order) {
  bring_library(
      self_, spawn_->services, order->spec.library, order->library,
      [this, order, round = round_](const Status& brought) {
        if (round != round_) return;
        if (brought.ok()) return build(order);
        if (brought.code() != ErrorCode::unavailable)
          return self_->send(master_, JobNotHosted{order->id, session_->id, brought.message()});
        self_->delayed_send(self_, kTransferPause, Continue{[this, order, round] {
                              if (round == round_) bring(order);
                            }});
      });
}

void WorkerActorState::build(const std::shared_ptr<HostJob>& order) {
  const auto& common = spawn_->services.common;
  ask_blocking(
      self_, common.pool,
      [order, factory = &spawn_->services.jobs, env = &common.env] {
        return build_job_part(*order, *factory, *env);
      },
      [this, order, round = round_](Result<JobContextPtr> context) {
        if (round != round_) return;
        if (!context.ok())
          return self_->send(master_,
                             JobNotHosted{order->id, session_->id, context.status().message()});
        auto node = self_->spawn(node_actor, std::move(context).value(), spawn_->services.common,
                                 order->job);
        jobs_.add(order->id, node);
        self_->send(master_, JobHosted{order->id, session_->id, node});
      });
}

void WorkerActorState::on_release(const ReleaseJob& release) {
  if (is_from_master()) jobs_.release(release.job);
}

void WorkerActorState::on_hello(const PeerHello& hello) {
  peers_->on_hello(hello);
}

void WorkerActorState::on_peer_beat(const PeerBeat& beat) {
  peers_->on_beat(beat);
}

void WorkerActorState::on_leave() {
  is_leaving_ = true;
  if (!session_) return end("");
  self_->send(master_, WorkerLeaving{session_->id});
}

void WorkerActorState::on_may_leave(const MayLeave& leave) {
  if (is_leaving_ && is_from_master() && is_member(leave.id)) end("");
}

void WorkerActorState::on_down(const caf::down_msg& down) {
  if (master_ && down.source == master_.address()) return rejoin("its process has ended");
  peers_->on_down(down.source);
}

void WorkerActorState::end(const std::string& reason) {
  spawn_->on_end(reason);
  self_->quit();
}

WorkerActor::behavior_type worker_actor(WorkerActorState::Self self, WorkerSpawn spawn) {
  WorkerActorState& state = self->state;
  state.begin(std::move(spawn));
  return {
      [&state](const JoinCluster& join) { state.on_join(join); },
      [&state](const LeaveCluster&) { state.on_leave(); },
      [&state](const WorkerAdmitted& admitted) { state.on_admitted(admitted); },
      [&state](const WorkerRefused& refused) { state.on_refused(refused); },
      [&state](const WorkerFenced& fenced) { state.on_fenced(fenced); },
      [&state](const MasterBeat& beat) { state.on_master_beat(beat); },
      [&state](MembersChanged& changed) { state.on_members(changed); },
      [&state](HostJob& order) { state.on_host(order); },
      [&state](const ReleaseJob& release) { state.on_release(release); },
      [&state](const MayLeave& leave) { state.on_may_leave(leave); },
      [&state](const PeerHello& hello) { state.on_hello(hello); },
      [&state](const PeerBeat& beat) { state.on_peer_beat(beat); },
      [](const Continue& message) { message.then(); },
  };
}

}  // namespace weir::actors
