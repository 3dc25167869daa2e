// Options of a cluster's leader store, by the names that Flink gives them.
#pragma once

#include "runtime/ha/leader_election.hpp"
#include "runtime/job/option_keys.hpp"

#include <weir/result.hpp>
#include <weir/time.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::runtime {

struct HaOptions {
  enum class Type : std::uint8_t {
    none,       // one coordinator; nothing outlives it
    directory,  // DirectoryStore
    zookeeper,  // ZooKeeperStore
  };
  Type type = Type::none;
  std::string storage = {};  // directory shared by all coordinators
  std::string cluster_id = "default";
  struct Directory {
    Duration heartbeat = std::chrono::milliseconds{500};
    Duration takeover = std::chrono::seconds{3};
  } directory = {};
  struct ZooKeeper {
    std::string quorum = {};  // "HOST:PORT,HOST:PORT"
    std::string root = "/weir";
    Duration session_timeout = std::chrono::seconds{4};
    Duration connection_timeout = std::chrono::seconds{15};
  } zookeeper = {};
};

/// All keys of a leader store, sorted.
const std::vector<OptionKey>& ha_option_keys();

/// Sets the option named `key`. `invalid_argument` if there is no such key (names the nearest one)
/// or the value cannot be read.
Status set_ha_option(HaOptions& options, std::string_view key, std::string_view value);

/// Checks that the options fit together. `invalid_argument` names the option and the cure.
Status check_ha_options(const HaOptions& options);

/// Returns the times of the election that go with the options.
ElectionTimes election_times(const HaOptions& options);

}  // namespace weir::runtime
