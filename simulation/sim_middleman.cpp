#include "simulation/sim_middleman.hpp"

#include "base/assert.hpp"
#include "base/checksum.hpp"

#include <cstring>

namespace weir::simulation {
namespace {

/// Returns the same id in every run. CAF makes ids of the machine's hardware, the process id and a
/// counter, and the order in its hash tables follows from them.
caf::node_id make_id(const std::string& host, std::uint32_t process_id) {
  caf::node_id::default_data::host_id_type bytes{};
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint32_t)) {
    const std::uint32_t word = base::crc32c(host, static_cast<std::uint32_t>(at + 1));
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
  return caf::make_node_id(process_id, bytes);
}

class SimMiddleman final : public caf::io::middleman {
public:
  SimMiddleman(caf::actor_system& system, SimFabric& fabric, base::Random& random,
               const MiddlemanOptions& options)
      : middleman{system},
        multiplexer_{&system, fabric, options.host, random},
        id_{make_id(fabric.name_of(options.host), options.process_id)} {}

  void init(caf::actor_system_config& config) override {
    middleman::init(config);
    // The middleman alone may choose the id, by friendship. The system itself is not const, and
    // nobody has seen its id yet.
    const_cast<caf::node_id&>(system().node()) = id_;
  }
  caf::io::network::multiplexer& backend() override { return multiplexer_; }

private:
  SimMultiplexer multiplexer_;
  caf::node_id id_;
};

}  // namespace

void load_middleman(caf::actor_system_config& config, SimFabric& fabric, base::Random& random,
                    MiddlemanOptions options) {
  config.set("middleman.manual-multiplexing", true);
  config.set("middleman.attach-utility-actors", true);
  config.set("middleman.workers", std::size_t{0});
  config.set("middleman.heartbeat-interval", caf::timespan{options.heartbeat_interval});
  config.set("middleman.connection-timeout", caf::timespan{options.connection_timeout});
  config.module_factories.emplace_back(
      [&fabric, &random, options](caf::actor_system& system) -> caf::actor_system::module* {
        return new SimMiddleman{system, fabric, random, options};
      });
}

SimMultiplexer& multiplexer_of(caf::actor_system& system) {
  auto* multiplexer = dynamic_cast<SimMultiplexer*>(&system.middleman().backend());
  WEIR_ASSERT(multiplexer != nullptr, "the system was loaded with load_middleman");
  return *multiplexer;
}

}  // namespace weir::simulation
