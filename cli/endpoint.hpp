// Places of coordinators, as a command line names them.
#pragma once

#include "actors/cluster/remote_cluster.hpp"

#include <string>

namespace weir::cli {

/// Reads "HOST:PORT", with an IPv6 host in brackets. `invalid_argument` names `flag`.
Result<actors::Endpoint> parse_endpoint(const std::string& flag, const std::string& text);

/// "HOST:PORT"
std::string format(const actors::Endpoint& endpoint);

}  // namespace weir::cli
