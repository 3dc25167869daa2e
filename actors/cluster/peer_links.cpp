#include "actors/cluster/peer_links.hpp"

#include <caf/actor_cast.hpp>
#include <caf/atom.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace weir::actors {
namespace {

constexpr std::chrono::seconds kDialTimeout{10};  // the dialler gives up before
constexpr std::chrono::milliseconds kDialAgain{200};

}  // namespace

PeerLinks::PeerLinks(Self self, const ClusterServices& services, std::function<void()> changed)
    : self_{self}, services_{services}, changed_{std::move(changed)} {}

void PeerLinks::begin(WorkerId self_id) {
  self_id_ = self_id;  // a newer worker may have introduced itself before
}

void PeerLinks::end() {
  ++round_;
  for (const auto& [id, peer] : peers_) self_->demonitor(peer.address());
  peers_.clear();
  dialling_.clear();
  view_ = {};
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
    peer = peers_.erase(peer);
  }
  dial_missing();
}

void PeerLinks::dial_missing() {
  for (const runtime::Member& peer : runtime::to_dial(view_, *self_id_, connected())) {
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
  const auto worker = caf::actor_cast<WorkerActor>(actor);
  self_->send(worker, PeerHello{*self_id_, WorkerActor{self_}});
  connect(peer, worker);
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

void PeerLinks::on_hello(const PeerHello& hello) {
  connect(hello.from, hello.worker);
}

void PeerLinks::connect(WorkerId peer, WorkerActor actor) {
  self_->monitor(actor);
  peers_.insert_or_assign(peer, std::move(actor));
  changed_();
}

bool PeerLinks::on_down(const caf::actor_addr& source) {
  const auto erased =
      std::erase_if(peers_, [&](const auto& peer) { return peer.second == source; });
  if (erased == 0) return false;
  changed_();
  if (self_id_) dial_missing();
  return true;
}

std::set<WorkerId> PeerLinks::connected() const {
  std::set<WorkerId> ids;
  for (const auto& [id, peer] : peers_) ids.insert(id);
  return ids;
}

}  // namespace weir::actors
