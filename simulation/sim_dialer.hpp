// The dialer of a simulated process: dials run side by side, each with its own deadlines, as those
// of net::Network do. It stands in for that class, whose handshakes are not simulated.
#pragma once

#include "actors/net/network.hpp"
#include "simulation/sim_node.hpp"

namespace weir::simulation {

/// Spawns a dialer. How long a machine may take to answer is the network's `dial_timeout`;
/// `handshake_timeout` is for what follows.
net::Dialer spawn_dialer(SimNode& node, Duration handshake_timeout);

}  // namespace weir::simulation
