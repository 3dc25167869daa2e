// Endpoint: where a process listens, and how others find out where the coordinator does.
#pragma once

#include "runtime/ha/ha_store.hpp"

#include <weir/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::actors {

struct Endpoint {
  std::string host = {};
  std::uint16_t port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Reads "HOST:PORT"; the host of IPv6 may stand in brackets. `invalid_argument` otherwise.
Result<Endpoint> parse_endpoint(const std::string& text);

/// "HOST:PORT"
std::string to_string(const Endpoint& endpoint);

/// How a process finds the coordinator of its cluster.
struct CoordinatorFinder {
  /// Returns where it may be, to be tried in turn. Blocks; may be called from any thread.
  std::function<Result<std::vector<Endpoint>>()> find = {};
  /// Another may take over elsewhere: it is worth while to look again soon.
  bool has_standbys = false;
  std::string description = {};  // for people: where it is looked for
};

/// Tries fixed places.
CoordinatorFinder find_at(std::vector<Endpoint> places);

/// Asks the leader store. `unavailable` as long as nobody leads.
CoordinatorFinder find_leader(std::shared_ptr<runtime::HaStore> store, std::string description);

}  // namespace weir::actors
