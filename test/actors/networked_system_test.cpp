// The messages of Weir travel between two networked processes.
#include "actors/config.hpp"
#include "actors/interfaces.hpp"
#include "actors/net/network.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::actors;

namespace {

/// One process of a cluster.
struct Peer {
  net::NetworkOptions options;
  NetworkedSystemConfig config{options, 1};
  caf::actor_system system{config};
  std::unique_ptr<net::Network> network{
      net::Network::start(system, options, base::silent_logger()).value()};
};

}  // namespace

TEST_CASE("a message of Weir reaches an actor of another process", "[net]") {
  Peer worker;
  Peer client;
  caf::scoped_actor receiver{worker.system};
  const auto port =
      worker.network->listen(caf::actor_cast<caf::actor>(receiver->address()), "127.0.0.1", 0);
  REQUIRE(port.ok());

  caf::scoped_actor sender{client.system};
  caf::actor reached;
  sender
      ->request(client.network->dialer(), caf::infinite, caf::connect_atom_v,
                std::string{"127.0.0.1"}, *port)
      .receive([&](const caf::node_id&, const caf::strong_actor_ptr& actor,
                   const std::set<std::string>&) { reached = caf::actor_cast<caf::actor>(actor); },
               [](const caf::error& error) { FAIL(net::dial_status(error).message()); });
  sender->send(reached, Credits{ChannelIndex{3}, 4});
  receiver->receive([](const Credits& credits) {
    CHECK(credits.channel == ChannelIndex{3});
    CHECK(credits.count == 4);
  });
}
