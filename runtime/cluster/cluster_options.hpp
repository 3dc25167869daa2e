// Options of a cluster, by the names that Flink gives them. They are kept apart from those of jobs:
// a cluster has them before it has a job, and one process may hold several.
#pragma once

#include "runtime/cluster/backoff.hpp"
#include "runtime/cluster/heartbeat_monitor.hpp"
#include "runtime/cluster/reactive_scaling.hpp"
#include "runtime/cluster/slots.hpp"
#include "runtime/job/option_keys.hpp"

#include <weir/options.hpp>
#include <weir/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::runtime {

/// How jobs come to their parallelism.
enum class Scheduler : std::uint8_t {
  fixed,     ///< "Default": a job waits until it has all slots that it asks for
  adaptive,  ///< "Adaptive": a job runs with as many as there are; in the reactive mode alone
};

/// Libraries of jobs.
struct LibraryOptions {
  bool are_allowed = true;
  std::uint64_t max_bytes = std::uint64_t{256} << 20U;
  std::string directory = {};  // empty: the program chooses one
};

struct ClusterOptions {
  HeartbeatOptions heartbeat = {};
  RegistrationOptions registration = {};
  /// How long a job waits for slots before it fails.
  Duration slot_request_timeout = std::chrono::minutes{5};
  SlotSpread spread = SlotSpread::even;
  /// Slots of a worker that does not say otherwise.
  int slots = 1;
  /// Directory for copies of state that a worker keeps; empty: one of its user's, in the system's
  /// directory for temporary files.
  std::string local_state_root = {};
  Scheduler scheduler = Scheduler::fixed;
  /// The job takes all slots, up to its max parallelism; the scheduler is adaptive then.
  bool is_reactive = false;
  ScalingOptions scaling = {};
  LibraryOptions libraries = {};
  /// Jobs that have ended and that the cluster remembers; at least 1.
  int job_history = 100;
};

/// How jobs take the slots that there are; none if they have the parallelism that they ask for.
inline std::optional<ScalingOptions> scaling_of(const ClusterOptions& options) {
  return options.is_reactive ? std::optional{options.scaling} : std::nullopt;
}

/// All keys of a cluster, sorted.
const std::vector<OptionKey>& cluster_option_keys();

bool is_cluster_option(std::string_view key);

/// Sets the option named `key`. `invalid_argument` if no cluster has such an option (names the
/// nearest one) or the value cannot be read.
Status set_option(ClusterOptions& options, std::string_view key, std::string_view value);

/// Sets the option named `key` where it belongs, for a file or a command line that holds both
/// kinds. An unknown key names the nearest one of either kind.
Status set_option(JobOptions& job, ClusterOptions& cluster, std::string_view key,
                  std::string_view value);

/// Checks the values together, once all are set. `invalid_argument` names the keys and the cure.
Status validate(const ClusterOptions& options);

}  // namespace weir::runtime
