// Dialling: from a host name to a connection whose peer let this process in. Blocks, within limits.
#pragma once

#include "actors/net/handshake.hpp"

#include <weir/clock.hpp>

#include <memory>
#include <string>

namespace weir::net {

/// What all dialled connections of a process have in common.
struct DialSettings {
  Security security;
  Identity mine;
  std::shared_ptr<const TlsContext> tls;  // null for plain connections
  Duration connect_timeout{};             // for each address of a name
  Duration handshake_timeout{};           // for what follows, until CAF's own handshake is there
};

/// Connects to `host` and carries out the dialling side of the handshake. The message of an error
/// names the endpoint, the reason and the cure. Worth another try: `unavailable` and
/// `deadline_exceeded`. Not before something is changed: `not_found`, `permission_denied`,
/// `failed_precondition` and `corrupt`. `cancelled` when `stop` was raised.
Result<Welcomed> dial(const DialSettings& settings, const std::string& host, std::uint16_t port,
                      const Signal& stop, const Clock& clock);

}  // namespace weir::net
