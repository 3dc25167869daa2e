// ClusterServices: what the actors of a cluster reach besides the seams that all actors have.
#pragma once

#include "actors/cluster/job_factory.hpp"
#include "actors/net/network.hpp"
#include "actors/net/peer_signs.hpp"
#include "actors/services.hpp"
#include "runtime/job/metric_registry.hpp"

#include <cstdint>
#include <memory>

namespace weir::actors {

/// The version of the messages between processes. Processes with another version are refused.
inline constexpr std::uint32_t kProtocolVersion = 1;

struct ClusterServices {
  Services common;
  JobFactory& jobs;
  net::Dialer dialer;
  std::shared_ptr<const net::PeerSigns> signs;
  std::shared_ptr<runtime::MetricRegistry> metrics = {};  // of a coordinator; null: of none
};

}  // namespace weir::actors
