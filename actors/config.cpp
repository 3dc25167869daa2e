#include "actors/config.hpp"

#include "actors/cluster/interfaces.hpp"

#include <caf/atom.hpp>

#include <algorithm>
#include <thread>

namespace weir::actors {
namespace {

// Messages that an actor handles before others get their turn; CAF's default has no limit, and one
// busy subtask would starve the rest.
constexpr std::size_t kMessagesPerTurn = 25;

void configure(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::weir_messages>();
  config.add_message_types<caf::id_block::weir_handles>();
  config.add_message_types<caf::id_block::weir_cluster>();
  config.set("logger.verbosity", caf::atom("quiet"));
}

}  // namespace

SystemConfig::SystemConfig(int threads) {
  configure(*this);
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads",
      threads > 0 ? static_cast<std::size_t>(threads) : std::size_t{cores});
  set("scheduler.max-throughput", kMessagesPerTurn);
}

NetworkedSystemConfig::NetworkedSystemConfig(const net::NetworkOptions& options, int threads)
    : SystemConfig{threads} {
  net::configure_network(*this, options);
}

SimulatedSystemConfig::SimulatedSystemConfig() {
  configure(*this);
  set("scheduler.policy", caf::atom("testing"));
}

}  // namespace weir::actors
