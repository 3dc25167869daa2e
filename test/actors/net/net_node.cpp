// A process that publishes an echo on 127.0.0.1, prints the port, and goes on until it is killed.
//
//   net_node guarded   behind Weir's network
//   net_node bare      with CAF's own middleman
#include "actors/net/network.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>
#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace {

caf::behavior echo(caf::event_based_actor*) {
  return {[](const std::string& text) { return text; }};
}

[[noreturn]] void serve(std::uint16_t port) {
  std::printf("port %u\n", static_cast<unsigned>(port));
  std::fflush(stdout);
  while (true) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  const bool is_bare = argc > 1 && std::string_view{argv[1]} == "bare";
  weir::net::NetworkOptions options;
  options.heartbeat_interval = 50ms;
  options.connection_timeout = 500ms;
  caf::actor_system_config config;
  config.set("logger.verbosity", caf::atom("quiet"));
  weir::net::configure_network(config, options);
  caf::actor_system system{config};
  const auto actor = system.spawn(echo);
  if (is_bare) {
    if (const auto port = system.middleman().publish(actor, 0, "127.0.0.1")) serve(*port);
    return 1;
  }
  const auto log = weir::base::make_stderr_logger(weir::base::LogLevel::warn);
  const auto network = weir::net::Network::start(system, options, *log);
  if (!network.ok()) return 1;
  const auto port = (*network)->listen(actor, "127.0.0.1", 0);
  if (port.ok()) serve(*port);
  return 1;
}
