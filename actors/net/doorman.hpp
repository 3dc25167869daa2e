// Doorman: a listening socket of CAF's multiplexer, which sends whom it accepts through the gate.
#pragma once

#include "actors/net/gate.hpp"
#include "actors/net/scribe.hpp"

#include <caf/io/doorman.hpp>
#include <caf/io/network/default_multiplexer.hpp>

#include <memory>

namespace weir::net {

/// Makes a doorman out of a listening socket.
caf::io::doorman_ptr make_doorman(caf::io::network::default_multiplexer& multiplexer, Fd socket,
                                  std::shared_ptr<Gate> gate, ScribeLimits limits);

}  // namespace weir::net
