// The configuration of CAF, in the one place that knows its option names.
#pragma once

#include <caf/actor_system_config.hpp>

namespace weir::actors {

/// For an actor system on real threads.
class SystemConfig final : public caf::actor_system_config {
public:
  /// `threads` actor threads; 0 takes one per core.
  explicit SystemConfig(int threads = 0);
};

/// For an actor system that a simulator drives by hand, on one thread and a virtual clock.
class SimulatedSystemConfig final : public caf::actor_system_config {
public:
  SimulatedSystemConfig();
};

}  // namespace weir::actors
