// SimMiddleman: CAF's networking module on top of a SimMultiplexer.
#pragma once

#include "simulation/sim_multiplexer.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/node_id.hpp>

#include <string>

namespace weir::simulation {

/// What a process of the simulated network is to CAF.
struct MiddlemanOptions {
  HostId host;
  std::uint32_t process_id;  // never that of another process of the same host
  Duration heartbeat_interval;
  Duration connection_timeout;
};

/// Loads the module into the configuration of an actor system, which must not outlive `fabric` and
/// `random`.
void load_middleman(caf::actor_system_config& config, SimFabric& fabric, base::Random& random,
                    MiddlemanOptions options);

/// Returns the multiplexer of an actor system with such a module.
SimMultiplexer& multiplexer_of(caf::actor_system& system);

}  // namespace weir::simulation
