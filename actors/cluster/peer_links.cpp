#include "actors/cluster/peer_links.hpp"

#include <caf/actor_cast.hpp>
#include <caf/atom.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {
namespace {

constexpr std::chrono::seconds kDialTimeout{10};  // the dialler gives up before
constexpr std::chrono::milliseconds kDialAgain{200};

}  // namespace

PeerLinks::PeerLinks(Self self, const ClusterServices& services, std::function<void()> changed)
    : self_{self}, services_{services}, changed_{std::move(changed)} {}

void PeerLinks::begin(WorkerId self_id, const runtime::HeartbeatOptions& heartbeat) {
  self_id_ = self_id;
  monitor_.emplace(heartbeat);
}

void PeerLinks::end() {
  ++round_;
  for (const auto& [id, peer] : peers_) self_->demonitor(peer.address());
  peers_.clear();
  dialling_.clear();
  view_ = {};
  monitor_.reset();
  self_id_.reset();
}

void PeerLinks::on_members(runtime::Membership view) {
  if (!self_id_ || view.version < view_.version) return;
  view_ = std::move(view);
  const WorkerId newest = view_.members.empty() ? WorkerId{} : view_.members.back().id;
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    const bool may_be_member = peer->first > newest || view_.find(peer->first) != nullptr;
    if (may_be_member) {
      ++peer;
      continue;
    }
    self_->demonitor(peer->second.address());
    monitor_->forget(peer->first);
    peer = peers_.erase(peer);
  }
  dial_missing();
}

void PeerLinks::dial_missing() {
  std::set<WorkerId> known;
  for (const auto& [id, peer] : peers_) known.insert(id);
  for (const runtime::Member& peer : runtime::to_dial(view_, *self_id_, known)) {
    if (dialling_.insert(peer.id).second) dial(peer);
  }
}

void PeerLinks::dial(const runtime::Member& peer) {
  self_
      ->request(services_.dialer, kDialTimeout, caf::connect_atom::value, peer.info.host,
                peer.info.port)
      .then(
          [this, id = peer.id, round = round_](const caf::node_id&,
                                               const caf::strong_actor_ptr& actor,
                                               const std::set<std::string>&) {
            if (round == round_) on_dialled(id, actor);
          },
          [this, id = peer.id, round = round_](const caf::error& error) {
            if (round == round_) on_failed(id, net::dial_status(error).message());
          });
}

void PeerLinks::on_dialled(WorkerId peer, const caf::strong_actor_ptr& actor) {
  if (!actor) return on_failed(peer, "nobody listens there");
  dialling_.erase(peer);
  if (view_.find(peer) == nullptr) return;
  link(peer, caf::actor_cast<WorkerActor>(actor));
  self_->send(peers_.at(peer), PeerHello{*self_id_, peer, WorkerActor{self_}});
}

void PeerLinks::on_failed(WorkerId peer, const std::string& why) {
  services_.common.log.info("cannot reach another worker yet",
                            {{"worker", peer.value()}, {"reason", why}});
  self_->delayed_send(self_, kDialAgain, Continue{[this, peer, round = round_] {
                        if (round != round_) return;
                        dialling_.erase(peer);
                        if (self_id_) dial_missing();
                      }});
}

void PeerLinks::link(WorkerId peer, WorkerActor actor) {
  // It may have been dialled under the id of a worker whose place it has taken.
  std::erase_if(peers_, [&](const auto& known) {
    if (known.second != actor) return false;
    if (monitor_) monitor_->forget(known.first);
    return true;
  });
  self_->demonitor(actor.address());
  self_->monitor(actor);
  peers_.insert_or_assign(peer, std::move(actor));
}

void PeerLinks::on_hello(const PeerHello& hello) {
  if (self_id_ != hello.to) return;  // if it is not known yet: the other will say so again
  if (!peers_.contains(hello.from)) link(hello.from, hello.worker);
  self_->send(hello.worker, PeerBeat{*self_id_});
  heard(hello.from);
}

void PeerLinks::on_beat(const PeerBeat& beat) {
  if (peers_.contains(beat.from)) heard(beat.from);
}

void PeerLinks::heard(WorkerId peer) {
  if (!monitor_) return;
  if (monitor_->is_watching(peer)) return monitor_->on_heard(peer, now());
  monitor_->watch(peer, now());
  changed_();
}

void PeerLinks::on_down(const caf::actor_addr& source) {
  const auto peer = std::find_if(peers_.begin(), peers_.end(),
                                 [&](const auto& known) { return known.second == source; });
  if (peer == peers_.end()) return;
  if (monitor_) monitor_->forget(peer->first);
  peers_.erase(peer);
  if (!self_id_) return;
  changed_();
  dial_missing();
}

void PeerLinks::tick() {
  for (const auto& [id, peer] : peers_) {
    if (is_connected(id))
      self_->send(peer, PeerBeat{*self_id_});
    else
      self_->send(peer, PeerHello{*self_id_, id, WorkerActor{self_}});
  }
  for (const auto& [id, peer] : peers_) {
    if (const auto at = services_.signs->last(peer.node())) monitor_->on_sign(id, *at);
  }
  const auto lost = monitor_->on_tick(now());
  for (const WorkerId peer : lost)
    services_.common.log.warn("another worker is not heard any more", {{"worker", peer.value()}});
  if (!lost.empty()) changed_();
}

std::set<WorkerId> PeerLinks::connected() const {
  std::set<WorkerId> ids;
  for (const auto& [id, peer] : peers_) {
    if (is_connected(id)) ids.insert(id);
  }
  return ids;
}

}  // namespace weir::actors
