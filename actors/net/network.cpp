#include "actors/net/network.hpp"

#include "actors/net/dialer.hpp"
#include "actors/net/doorman.hpp"
#include "actors/net/peer_signs.hpp"
#include "base/text.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>

#include <utility>

namespace weir::net {
namespace {

constexpr auto kExpirySoon = std::chrono::hours{24} * 30;

caf::io::network::default_multiplexer& multiplexer_of(caf::actor_system& system) {
  return dynamic_cast<caf::io::network::default_multiplexer&>(system.middleman().backend());
}

caf::actor broker_of(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
}

Status check_times(const NetworkOptions& options) {
  if (options.heartbeat_interval.count() > 0 &&
      options.connection_timeout > options.heartbeat_interval)
    return {};
  return {ErrorCode::invalid_argument,
          "a connection timeout of " + base::format_duration(options.connection_timeout) +
              " with a heartbeat every " + base::format_duration(options.heartbeat_interval) +
              " cuts every connection; make the timeout several times the interval"};
}

void announce(const NetworkOptions& options, const TlsContext* tls, base::Logger& log) {
  if (options.security.mode == Security::Mode::insecure)
    log.warn(
        "NOT SECURE: started with --insecure. Everybody who can reach the ports of this "
        "process can read the data, run code and stop the process; set the security.ssl.* "
        "options instead");
  if (tls == nullptr) return;
  const Duration left = tls->valid_for(Clock::system());
  if (left < kExpirySoon)
    log.warn("the certificate of this process expires soon; make new ones with `weir certs init`",
             {{"certificate", options.security.certificate},
              {"days", std::chrono::floor<std::chrono::days>(left).count()}});
}

}  // namespace

void configure_network(caf::actor_system_config& config, const NetworkOptions& options) {
  config.load<caf::io::middleman>();
  config.set("middleman.heartbeat-interval", caf::timespan{options.heartbeat_interval});
  config.set("middleman.connection-timeout", caf::timespan{options.connection_timeout});
  config.set("middleman.enable-automatic-connections", false);
  // Messages are read where they arrive: to hand one to another thread takes a copy of it and a
  // wake-up, to read it no more than a copy.
  config.set("middleman.workers", std::size_t{0});
}

Result<std::unique_ptr<Network>> Network::start(caf::actor_system& system, NetworkOptions options,
                                                base::Logger& log) {
  if (Status times = check_times(options); !times.ok()) return times;
  std::shared_ptr<const TlsContext> tls;
  if (options.security.mode == Security::Mode::tls) {
    auto loaded = TlsContext::load(options.security, Clock::system());
    if (!loaded.ok()) return loaded.status();
    tls = *loaded;
  }
  announce(options, tls.get(), log);
  return std::unique_ptr<Network>{new Network{system, options, log, std::move(tls)}};
}

Network::Network(caf::actor_system& system, const NetworkOptions& options, base::Logger& log,
                 std::shared_ptr<const TlsContext> tls)
    : system_{system},
      security_{options.security},
      max_message_bytes_{options.max_message_bytes},
      refusals_{std::make_shared<RefusalLog>(log, Clock::system(), options.refusal_rate)},
      signs_{std::make_shared<PeerSigns>(Clock::system())},
      stop_{std::make_shared<Signal>()} {
  const Identity mine{options.protocol_version, make_token(options.security.token)};
  const GateLimits limits{options.handshake_timeout, options.handshakes_at_a_time};
  gate_ = std::make_shared<Gate>(mine, tls, limits, *refusals_, Clock::system());
  dialer_ = spawn_dialer(system, {{security_, mine, std::move(tls), options.connect_timeout,
                                   options.handshake_timeout},
                                  {max_message_bytes_, refusals_, signs_},
                                  broker_of(system),
                                  stop_,
                                  &Clock::system()});
}

Network::~Network() {
  gate_->stop();
  stop_->raise();
  caf::anon_send_exit(dialer_, caf::exit_reason::kill);
}

Result<std::uint16_t> Network::listen(const caf::strong_actor_ptr& actor,
                                      std::set<std::string> interface_of_actor,
                                      const std::string& host, std::uint16_t port) {
  const std::string context = "cannot listen on " + endpoint_text(host, port);
  auto addresses = resolve(host, port);
  if (!addresses.ok()) return addresses.status().with_context(context);
  Status why{ErrorCode::not_found, "the name has no address"};
  for (const Address& address : *addresses) {
    if (Status allowed = check_address(security_, host, address.text()); !allowed.ok())
      return allowed.with_context(context);
    auto socket = listen_on(address);
    if (!socket.ok()) {
      why = socket.status();
      if (why.code() == ErrorCode::already_exists) break;
      continue;
    }
    auto bound = local_address(socket->get());
    if (!bound.ok()) return bound.status().with_context(context);
    caf::anon_send(broker_of(system_), caf::publish_atom_v,
                   make_doorman(multiplexer_of(system_), std::move(socket).value(), gate_,
                                {max_message_bytes_, refusals_, signs_}),
                   bound->port(), actor, std::move(interface_of_actor));
    return bound->port();
  }
  return why.with_context(context);
}

}  // namespace weir::net
