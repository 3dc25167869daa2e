#include "actors/cluster/client_actor.hpp"

#include "actors/blocking.hpp"

#include <caf/atom.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {
namespace {

constexpr std::chrono::seconds kDialTimeout{10};  // the dialler gives up before

// Where another coordinator may take over.
constexpr std::chrono::seconds kQuickDial{2};
constexpr std::chrono::milliseconds kPause{200};  // before it is looked for again
constexpr std::chrono::seconds kPatience{60};     // without any
constexpr std::chrono::milliseconds kPingEvery{500};
constexpr std::chrono::seconds kSilence{3};  // whoever says nothing for so long is left

}  // namespace

void ClientState::begin(ClientSpawn spawn) {
  spawn_.emplace(std::move(spawn));
  self_->set_down_handler([this](const caf::down_msg& down) {
    if (master_ && down.source == master_.address())
      lose("lost the connection to the coordinator at " + place_);
  });
  lost_at_ = now();
  look();
}

void ClientState::look() {
  ask_blocking(self_, spawn_->pool, spawn_->coordinator.find,
               [this, round = round_](Result<std::vector<Endpoint>> places) {
                 if (round != round_) return;
                 if (!places.ok())
                   return lose("cannot find the coordinator with " +
                               spawn_->coordinator.description + ": " + places.status().message());
                 places_ = std::move(places).value();
                 dial_next("there is no place to look for a coordinator");
               });
}

/// Tries the next place. `why` the one before was none.
void ClientState::dial_next(const std::string& why) {
  if (places_.empty()) return lose(why);
  const Endpoint endpoint = places_.front();
  places_.erase(places_.begin());
  const std::string place = to_string(endpoint);
  const std::chrono::seconds limit = spawn_->coordinator.has_standbys ? kQuickDial : kDialTimeout;
  self_->request(spawn_->dialer, limit, caf::connect_atom::value, endpoint.host, endpoint.port)
      .then(
          [this, place, round = round_](const caf::node_id&, const caf::strong_actor_ptr& master,
                                        const std::set<std::string>&) {
            if (round == round_) on_dialled(master, place);
          },
          [this, place, round = round_](const caf::error& error) {
            if (round == round_)
              dial_next("cannot reach a coordinator at " + place + ": " +
                        net::dial_status(error).message() +
                        "; start one with `coordinator --listen " + place + "`");
          });
}

void ClientState::on_dialled(const caf::strong_actor_ptr& master, const std::string& place) {
  if (!master) return dial_next("no coordinator answers at " + place);
  place_ = place;
  master_ = caf::actor_cast<MasterActor>(master);
  self_->monitor(master_);
  heard_at_ = now();
  spawn_->ask(self_, master_);
  if (spawn_->coordinator.has_standbys) keep_pinging();
}

void ClientState::lose(const std::string& why) {
  ++round_;
  if (master_) {
    self_->demonitor(master_.address());
    master_ = nullptr;
    lost_at_ = now();
  }
  if (!spawn_->coordinator.has_standbys || now() - lost_at_ >= kPatience)
    return observer().on_disconnected(why);
  self_->delayed_send(self_, kPause, Continue{[this, round = round_] {
                        if (round == round_) look();
                      }});
}

bool ClientState::hears_master() {
  if (!master_ || self_->current_sender() != caf::actor_cast<caf::strong_actor_ptr>(master_))
    return false;  // one that was deposed may go on speaking for a while
  heard_at_ = now();
  return true;
}

void ClientState::keep_pinging() {
  if (now() - heard_at_ >= kSilence)
    return lose("the coordinator at " + place_ + " does not answer");
  self_->send(master_, PingMaster{ClientActor{self_}});
  self_->delayed_send(self_, kPingEvery, Continue{[this, round = round_] {
                        if (round == round_) keep_pinging();
                      }});
}

ClientActor::behavior_type client_actor(ClientState::Self self, ClientSpawn spawn) {
  ClientState& state = self->state;
  state.begin(std::move(spawn));
  return {
      [&state](const JobAccepted& accepted) {
        if (state.hears_master()) state.observer().on_accepted(accepted);
      },
      [&state](const RequestRejected& rejected) {
        if (state.hears_master()) state.observer().on_rejected(rejected);
      },
      [&state](const RequestDone&) {
        if (state.hears_master()) state.observer().on_done();
      },
      [&state](const SavepointAnswer& answer) {
        if (state.hears_master()) state.observer().on_savepoint(answer);
      },
      [&state](const JobChanged& changed) {
        if (state.hears_master()) state.observer().on_changed(changed);
      },
      [&state](const ClusterOverview& overview) {
        if (state.hears_master()) state.observer().on_overview(overview);
      },
      [&state](const JobCheckpoints& all) {
        if (state.hears_master()) state.observer().on_checkpoints(all);
      },
      [&state](const JobMetricsShown& shown) {
        if (state.hears_master()) state.observer().on_metrics(shown);
      },
      [](const Continue& message) { message.then(); },
  };
}

}  // namespace weir::actors
