#include "actors/cluster/client_actor.hpp"

#include <caf/atom.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {
namespace {

constexpr std::chrono::seconds kDialTimeout{10};  // the dialler gives up before

}  // namespace

ClientActor::behavior_type client_actor(ClientActor::pointer self, ClientSpawn spawn) {
  ClientObserver* observer = spawn.observer;
  const std::string place = spawn.host + ":" + std::to_string(spawn.port);
  self->set_down_handler([=](const caf::down_msg&) {
    observer->on_disconnected("lost the connection to the coordinator at " + place);
  });
  self->request(spawn.dialer, kDialTimeout, caf::connect_atom::value, spawn.host, spawn.port)
      .then(
          [=](const caf::node_id&, const caf::strong_actor_ptr& master,
              const std::set<std::string>&) {
            if (!master) return observer->on_disconnected("no coordinator answers at " + place);
            const auto actor = caf::actor_cast<MasterActor>(master);
            self->monitor(actor);
            spawn.ask(self, actor);
          },
          [=](const caf::error& error) {
            observer->on_disconnected("cannot reach a coordinator at " + place + ": " +
                                      net::dial_status(error).message() +
                                      "; start one with `coordinator --listen " + place + "`");
          });
  return {
      [=](const JobAccepted& accepted) { observer->on_accepted(accepted); },
      [=](const RequestRejected& rejected) { observer->on_rejected(rejected); },
      [=](const RequestDone&) { observer->on_done(); },
      [=](const JobChanged& changed) { observer->on_changed(changed); },
      [=](const ClusterOverview& overview) { observer->on_overview(overview); },
      [](const Continue& message) { message.then(); },
  };
}

}  // namespace weir::actors
