// Connections as CAF's multiplexer knows them. They come into being when the handshake is over.
#pragma once

#include "actors/net/handshake.hpp"
#include "actors/net/peer_signs.hpp"
#include "actors/net/refusal_log.hpp"

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/scribe.hpp>

#include <cstdint>
#include <memory>

namespace weir::net {

/// What all connections that were let in have in common.
struct ScribeLimits {
  std::uint32_t max_message_bytes = 0;
  std::shared_ptr<RefusalLog> log;
  std::shared_ptr<PeerSigns> signs;
};

/// Makes the connection that CAF reads from and writes to. A peer that breaks the rules of CAF's
/// protocol is cut off with a line in the log.
caf::io::scribe_ptr make_scribe(caf::io::network::default_multiplexer& multiplexer,
                                Welcomed connection, const ScribeLimits& limits);

}  // namespace weir::net
