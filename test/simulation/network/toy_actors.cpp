#include "test/simulation/network/toy_actors.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <set>

namespace weir::test {
namespace {

constexpr std::uint32_t kCredits = 8;
constexpr auto kRedialPause = std::chrono::milliseconds{200};
// Longer than any test.
constexpr auto kPatience = std::chrono::seconds{24 * 3600};

// A constructor keeps CAF from initialising the state with the actor's address.
struct SourceState {
  SourceState() = default;

  ToySink sink;
  std::uint64_t next = 0;
  std::uint32_t credits = 0;
  bool pauses = false;
};
using Source = ToySource::stateful_pointer<SourceState>;

void note(std::vector<Duration>& when, Flow& flow, const caf::error& reason) {
  when.push_back(flow.network->now());
  flow.reasons.push_back(to_string(reason));
}

void send_items(Source self, Flow& flow) {
  SourceState& state = self->state;
  while (state.sink && !state.pauses && state.credits != 0 && state.next != flow.items_max) {
    self->send(state.sink, Item{flow.sessions, state.next, std::string(flow.body_size, 'x')});
    ++state.next;
    --state.credits;
  }
}

void dial(Source self, Flow& flow, const std::string& host, std::uint16_t port) {
  const auto failed = [self, &flow](const caf::error& reason) {
    note(flow.failed_dials, flow, reason);
    if (flow.redials) self->delayed_send(self, kRedialPause, Dial{});
  };
  self->request(self->system().middleman().actor_handle(), kPatience, caf::connect_atom_v, host,
                port)
      .then(
          [self, &flow, failed](const caf::node_id&, const caf::strong_actor_ptr& sink,
                                const std::set<std::string>&) {
            if (!sink) {
              failed(caf::make_error(caf::sec::no_actor_published_at_port));
              return;
            }
            self->state.sink = caf::actor_cast<ToySink>(sink);
            self->state.next = 0;
            self->state.credits = 0;
            ++flow.sessions;
            self->monitor(self->state.sink);
            self->send(self->state.sink, Hello{caf::actor_cast<ToySource>(self), flow.sessions});
          },
          [failed](const caf::error& reason) { failed(reason); });
}

ToySource::behavior_type source(Source self, Flow* flow, const std::string& host,
                                std::uint16_t port) {
  self->set_down_handler([self, flow](const caf::down_msg& down) {
    if (!self->state.sink || down.source != self->state.sink.address()) return;
    self->state.sink = nullptr;
    note(flow->source_downs, *flow, down.reason);
    if (flow->redials) self->delayed_send(self, kRedialPause, Dial{});
  });
  dial(self, *flow, host, port);
  return {[self, flow](const Grant& grant) {
            self->state.credits += grant.count;
            send_items(self, *flow);
          },
          [self, flow, host, port](const Dial&) { dial(self, *flow, host, port); },
          [self, flow](const Pause& pause) {
            self->state.pauses = pause.pauses;
            send_items(self, *flow);
          }};
}

struct SinkState {
  SinkState() = default;

  ToySource source;
  std::uint32_t since_grant = 0;
};
using Sink = ToySink::stateful_pointer<SinkState>;

ToySink::behavior_type sink(Sink self, Flow* flow) {
  self->set_down_handler([self, flow](const caf::down_msg& down) {
    if (!self->state.source || down.source != self->state.source.address()) return;
    self->state.source = nullptr;
    note(flow->sink_downs, *flow, down.reason);
  });
  return {[self, flow](const Hello& hello) {
            if (hello.session < flow->session) return;
            self->state.source = hello.source;
            self->state.since_grant = 0;
            flow->session = hello.session;
            flow->items = 0;
            self->monitor(hello.source);
            self->send(hello.source, Grant{kCredits});
          },
          [self, flow](const Item& item) {
            // A new connection may overtake what is left of the one before.
            if (item.session < flow->session) return;
            if (item.session != flow->session || item.number != flow->items) ++flow->gaps;
            ++flow->items;
            if (++self->state.since_grant < kCredits / 2) return;
            self->state.since_grant = 0;
            if (self->state.source) self->send(self->state.source, Grant{kCredits / 2});
          }};
}

}  // namespace

simulation::SimNode& start(simulation::SimNetwork& network, const std::string& host,
                           simulation::NodeOptions options) {
  options.configure = [](caf::actor_system_config& config) {
    config.add_message_types<caf::id_block::weir_toys>();
  };
  return network.start(host, options);
}

void spawn_sink(simulation::SimNode& node, Flow& flow, std::uint16_t port) {
  const ToySink actor = node.system().spawn(sink, &flow);
  caf::anon_send(node.system().middleman().actor_handle(), caf::publish_atom_v, port,
                 caf::actor_cast<caf::strong_actor_ptr>(actor), node.system().message_types(actor),
                 std::string{}, false);
}

ToySource spawn_source(simulation::SimNode& node, Flow& flow, const std::string& sink_host,
                       std::uint16_t port) {
  return node.system().spawn(source, &flow, sink_host, port);
}

}  // namespace weir::test
