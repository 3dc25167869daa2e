// The actor behind `Network::dialer`.
#pragma once

#include "actors/net/dial.hpp"
#include "actors/net/network.hpp"
#include "actors/net/scribe.hpp"

#include <caf/actor.hpp>

#include <memory>

namespace weir::net {

/// What dials need, besides the endpoint.
struct DialerParts {
  DialSettings settings;
  ScribeLimits limits;
  caf::actor broker;  // CAF's, which speaks BASP
  std::shared_ptr<Signal> stop;
  const Clock* clock = nullptr;
};

/// Spawns a dialer. When `parts.stop` is raised, the dials under way end.
Dialer spawn_dialer(caf::actor_system& system, DialerParts parts);

}  // namespace weir::net
