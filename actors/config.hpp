// The configuration of CAF, in the one place that knows its option names.
#pragma once

#include "actors/net/network_options.hpp"

#include <caf/actor_system_config.hpp>

namespace weir::actors {

/// For an actor system on real threads.
class SystemConfig : public caf::actor_system_config {
public:
  /// `threads` actor threads; 0 takes one per core.
  explicit SystemConfig(int threads = 0);
};

/// For an actor system on real threads that talks to those of other processes, through the
/// net::Network that is started on it with the same options.
class NetworkedSystemConfig final : public SystemConfig {
public:
  explicit NetworkedSystemConfig(const net::NetworkOptions& options, int threads = 0);
};

/// For an actor system that a simulator drives by hand, on one thread and a virtual clock.
class SimulatedSystemConfig final : public caf::actor_system_config {
public:
  SimulatedSystemConfig();
};

}  // namespace weir::actors
