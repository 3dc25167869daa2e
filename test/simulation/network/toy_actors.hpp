// Two small actors for tests of the simulated network: a source that dials a sink on another
// machine and sends it numbered items against credits, and dials again when it loses it.
#pragma once

#include "actors/interfaces.hpp"
#include "simulation/sim_network.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <string>
#include <vector>

namespace weir::test {

/// A source's next item; the first one of a session is 0.
struct Item {
  std::uint64_t session = 0;
  std::uint64_t number = 0;
  std::string body;
};
/// The sink has room for so many more.
struct Grant {
  std::uint32_t count = 0;
};
/// The source is to dial, again.
struct Dial {};
/// The source is to send nothing for a while.
struct Pause {
  bool pauses = true;
};

using ToySource =
    caf::typed_actor<caf::reacts_to<Grant>, caf::reacts_to<Dial>, caf::reacts_to<Pause>>;

/// A session begins.
struct Hello {
  ToySource source;
  std::uint64_t session = 0;
};

using ToySink = caf::typed_actor<caf::reacts_to<Hello>, caf::reacts_to<Item>>;

template <class Inspector>
auto inspect(Inspector& f, Item& x) {
  return f(caf::meta::type_name("Item"), x.session, x.number, x.body);
}
template <class Inspector>
auto inspect(Inspector& f, Grant& x) {
  return f(caf::meta::type_name("Grant"), x.count);
}
template <class Inspector>
auto inspect(Inspector& f, Dial&) {
  return f(caf::meta::type_name("Dial"));
}
template <class Inspector>
auto inspect(Inspector& f, Pause& x) {
  return f(caf::meta::type_name("Pause"), x.pauses);
}
template <class Inspector>
auto inspect(Inspector& f, Hello& x) {
  return f(caf::meta::type_name("Hello"), x.source, x.session);
}

/// What source and sink of one flow have seen. Outlives them.
struct Flow {
  const simulation::SimNetwork* network = nullptr;
  std::uint64_t items_max = 200;  // of each session
  std::size_t body_size = 20;
  bool redials = true;

  std::uint64_t sessions = 0;               // begun by the source
  std::uint64_t session = 0;                // that the sink is in
  std::uint64_t items = 0;                  // of it that have come
  std::uint64_t gaps = 0;                   // items of it that were not the next one
  std::vector<Duration> source_downs = {};  // when the source lost the sink
  std::vector<Duration> sink_downs = {};    // when the sink lost a source
  std::vector<Duration> failed_dials = {};  // when
  std::vector<std::string> reasons = {};    // of all of those

  bool is_complete() const { return session == sessions && items == items_max; }
};

/// Starts a process that knows the messages above.
simulation::SimNode& start(simulation::SimNetwork& network, const std::string& host,
                           simulation::NodeOptions options = {});

/// The port of most sinks.
constexpr std::uint16_t kSinkPort = 4242;

/// Runs a sink that is published at a port.
void spawn_sink(simulation::SimNode& node, Flow& flow, std::uint16_t port = kSinkPort);
/// Runs a source that dials it.
ToySource spawn_source(simulation::SimNode& node, Flow& flow, const std::string& sink_host,
                       std::uint16_t port = kSinkPort);

}  // namespace weir::test

CAF_BEGIN_TYPE_ID_BLOCK(weir_toys, caf::id_block::weir_handles::end)

  CAF_ADD_TYPE_ID(weir_toys, (weir::test::Item))
  CAF_ADD_TYPE_ID(weir_toys, (weir::test::Grant))
  CAF_ADD_TYPE_ID(weir_toys, (weir::test::Dial))
  CAF_ADD_TYPE_ID(weir_toys, (weir::test::Pause))
  CAF_ADD_TYPE_ID(weir_toys, (weir::test::ToySource))
  CAF_ADD_TYPE_ID(weir_toys, (weir::test::Hello))
  CAF_ADD_TYPE_ID(weir_toys, (weir::test::ToySink))

CAF_END_TYPE_ID_BLOCK(weir_toys)
