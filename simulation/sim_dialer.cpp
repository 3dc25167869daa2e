#include "simulation/sim_dialer.hpp"

#include "actors/messages.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <set>
#include <string>
#include <utility>

namespace weir::simulation {
namespace {

using Interface = std::set<std::string>;
using Answer = caf::typed_response_promise<caf::node_id, caf::strong_actor_ptr, Interface>;
using Connection = caf::expected<caf::io::scribe_ptr>;
using OneDial = net::Dialer::extend<caf::reacts_to<actors::Continue>>;

void fail(OneDial::pointer self, Answer answer, caf::error reason) {
  answer.deliver(std::move(reason));
  self->quit();
}

/// The connection stands: CAF's handshake is next.
void shake_hands(OneDial::pointer self, Answer answer, Connection& connection, std::uint16_t port,
                 Duration limit) {
  if (!connection) return fail(self, answer, connection.error());
  const auto broker =
      self->system().middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  self->request(broker, limit, caf::connect_atom_v, std::move(*connection), port)
      .then(
          [self, answer](const caf::node_id& node, const caf::strong_actor_ptr& actor,
                         const Interface& sigs) mutable {
            answer.deliver(node, actor, sigs);
            self->quit();
          },
          [self, answer](const caf::error& reason) { fail(self, answer, reason); });
}

OneDial::behavior_type dial_once(OneDial::pointer self, SimMultiplexer* multiplexer,
                                 Duration limit) {
  return {
      [=](caf::connect_atom, const std::string& host, std::uint16_t port) -> Answer {
        auto answer = self->make_response_promise<Answer>();
        multiplexer->dial(host, port, [=, me = OneDial{self}](Connection connection) {
          auto shared = std::make_shared<Connection>(std::move(connection));
          caf::anon_send(
              me, actors::Continue{[=] { shake_hands(self, answer, *shared, port, limit); }});
        });
        return answer;
      },
      [](const actors::Continue& message) { message.then(); },
  };
}

net::Dialer::behavior_type dialer(net::Dialer::pointer self, SimMultiplexer* multiplexer,
                                  Duration limit) {
  return {[=](caf::connect_atom connect, std::string& host, std::uint16_t port) {
    return self->delegate(self->spawn(dial_once, multiplexer, limit), connect, std::move(host),
                          port);
  }};
}

}  // namespace

net::Dialer spawn_dialer(SimNode& node, Duration handshake_timeout) {
  return node.system().spawn(dialer, &node.multiplexer(), handshake_timeout);
}

}  // namespace weir::simulation
