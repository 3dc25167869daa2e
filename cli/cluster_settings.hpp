// What the command line says of a cluster: its options, and where its coordinator is.
#pragma once

#include "actors/cluster/endpoint.hpp"
#include "actors/net/network_options.hpp"
#include "cli/command_line.hpp"
#include "runtime/cluster/cluster_options.hpp"
#include "runtime/ha/ha_options.hpp"

#include <memory>
#include <string>
#include <vector>

namespace weir::cli {

/// Options of a process of a cluster.
struct ClusterSettings {
  runtime::ClusterOptions cluster = {};
  runtime::HaOptions ha = {};
  net::NetworkOptions network = {};
  std::vector<actors::Setting> job = {};  // of a submitted job
};

/// Reads the settings of a coordinator or worker. `invalid_argument` names the key and the cure.
Result<ClusterSettings> cluster_settings(const Invocation& invocation);

/// The same for `submit`, whose other settings are those of its job.
Result<ClusterSettings> submit_settings(const Invocation& invocation);

/// Says how to find the coordinator: by `text` of `flag`, one HOST:PORT or several with commas
/// between, or without it by the leader store. `owner` names this process as no other is ever
/// named.
Result<actors::CoordinatorFinder> coordinator_finder(const std::string& flag,
                                                     const std::string& text,
                                                     const runtime::HaOptions& ha,
                                                     const std::string& owner);

}  // namespace weir::cli
