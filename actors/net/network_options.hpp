// How a process of a cluster speaks with the others.
#pragma once

#include "actors/net/preamble.hpp"
#include "actors/net/refusal_log.hpp"
#include "actors/net/security.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir::net {

/// How a process speaks with others. Both ends of a connection should have the same.
struct NetworkOptions {
  Security security;
  /// How often each side says that it is there.
  std::chrono::milliseconds heartbeat_interval{100};
  /// A connection on which nothing has come for so long is closed, and its actors are down. A
  /// message that takes longer to arrive counts as silence.
  std::chrono::milliseconds connection_timeout{3'000};
  /// How long to wait for the machine at an address.
  std::chrono::milliseconds connect_timeout{3'000};
  /// How long to wait for the peer's greeting, on both sides.
  std::chrono::milliseconds handshake_timeout{3'000};
  /// The largest message that a peer may send; a larger one costs it the connection.
  std::uint32_t max_message_bytes = 256U << 20U;
  /// How many strangers may be in their handshake at a time.
  std::size_t handshakes_at_a_time = 256;
  /// How many lines about refused connections one address may cause.
  RefusalRate refusal_rate;
  /// What this process says it is; for tests.
  std::uint32_t protocol_version = kProtocolVersion;
};

/// Makes an actor system that is configured by `config` able to carry a Network. To be called
/// before the system is made.
void configure_network(caf::actor_system_config& config, const NetworkOptions& options);

}  // namespace weir::net
