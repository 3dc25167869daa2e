// Processes on simulated machines: their clocks, their pool, and how they end.
#include "test/simulation/network/toy_actors.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <catch2/catch.hpp>

#include <set>

using namespace std::chrono_literals;
using namespace weir;
using simulation::SimNetwork;
using simulation::SimNode;
using test::Grant;

namespace {

using Ticker = caf::typed_actor<caf::reacts_to<Grant>>;

/// What a ticker has seen. Outlives it.
struct Ticks {
  std::vector<Duration> at;  // by the monotonic clock of the machine
  std::uint64_t downs = 0;
  std::uint64_t living = 0;  // states
};

struct TickerState {
  TickerState() = default;
  TickerState(const TickerState&) = delete;
  TickerState& operator=(const TickerState&) = delete;
  ~TickerState() {
    if (ticks != nullptr) --ticks->living;
  }

  Ticks* ticks = nullptr;
  std::vector<Ticker> others;
};

/// Ticks each second, beside as many others as `depth` says, which it monitors.
Ticker::behavior_type ticker(Ticker::stateful_pointer<TickerState> self, Ticks* ticks,
                             const Clock* clock, int depth) {
  ++ticks->living;
  self->state.ticks = ticks;
  for (int i = 0; i < depth; ++i) {
    self->state.others.push_back(self->system().spawn(ticker, ticks, clock, depth - 1));
    self->monitor(self->state.others.back());
  }
  self->set_down_handler([ticks](const caf::down_msg&) { ++ticks->downs; });
  self->delayed_send(self, 1s, Grant{});
  return {[self, ticks, clock](const Grant&) {
    ticks->at.push_back(clock->monotonic());
    self->delayed_send(self, 1s, Grant{});
  }};
}

}  // namespace

TEST_CASE("each machine has clocks of its own on one time", "[network]") {
  SimNetwork network{{.seed = 1}};
  SimNode& left = test::start(network, "left");
  SimNode& right = test::start(network, "right", {.wall_offset = 2h});
  CHECK(left.clock().monotonic() >= 1h);
  CHECK(right.clock().monotonic() >= 1h);
  CHECK(left.clock().monotonic() != right.clock().monotonic());

  const Duration before = left.clock().monotonic();
  const WallTime wall_before = left.clock().wall();
  const Duration right_before = right.clock().monotonic();
  CHECK(right.clock().wall() - wall_before == 2h);
  network.run_for(5s);
  CHECK(left.clock().monotonic() == before + 5s);
  CHECK(right.clock().monotonic() == right_before + 5s);
  CHECK(left.clock().wall() == wall_before + 5s);
  CHECK(right.clock().wall() - left.clock().wall() == 2h);
  right.clock().set_wall_offset(-1h);
  CHECK(left.clock().wall() - right.clock().wall() == 1h);

  // A process that is started again finds the clocks of its machine.
  network.kill("left");
  network.run_for(5s);
  SimNode& again = test::start(network, "left");
  CHECK(again.clock().monotonic() == before + 10s);
  CHECK(again.clock().wall() == wall_before + 10s);
}

TEST_CASE("timers fire in time, and all at once after a freeze", "[network]") {
  Ticks ticks;
  SimNetwork network{{.seed = 1}};
  SimNode& node = test::start(network, "left");
  const Duration began = node.clock().monotonic();
  node.system().spawn(ticker, &ticks, &node.clock(), 0);
  network.run_for(10500ms);
  REQUIRE(ticks.at.size() == 10);
  for (std::size_t i = 0; i < ticks.at.size(); ++i) {
    CHECK(ticks.at[i] - began >= std::chrono::seconds{i + 1});
    CHECK(ticks.at[i] - began < std::chrono::seconds{i + 1} + 500ms);
  }
  network.freeze("left");
  CHECK(network.is_frozen("left"));
  network.run_for(1h);
  CHECK(ticks.at.size() == 10);
  CHECK(node.clock().monotonic() < began + 11s);
  network.wake("left");
  CHECK(node.clock().monotonic() == began + 1h + 10500ms);
  network.run_for(500ms);
  CHECK(ticks.at.size() == 11);
}

TEST_CASE("work in the pool of a process is a step like others", "[network]") {
  SimNetwork network{{.seed = 1}};
  SimNode& node = test::start(network, "left");
  int done = 0;
  for (int i = 0; i < 10; ++i) node.pool().submit([&] { ++done; });
  network.freeze("left");
  network.run_for(1s);
  CHECK(done == 0);
  network.wake("left");
  network.run_for(1s);
  CHECK(done == 10);
  node.pool().submit([&] { ++done; });
  network.kill("left");
  network.run_for(1s);
  CHECK(done == 10);
}

TEST_CASE("a killed process handles nothing more, and leaves nothing behind", "[network]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Ticks ticks;
    SimNetwork network{{.seed = seed}};
    SimNode& node = test::start(network, "left");
    node.system().spawn(ticker, &ticks, &node.clock(), 3);
    for (std::uint64_t steps = 60 * (seed - 1); steps != 0; --steps) network.step();
    const std::size_t seen = ticks.at.size();
    switch (seed % 3) {
      case 0: network.kill("left"); break;
      case 1: network.exit("left"); break;
      case 2: network.power_off("left"); break;
    }
    CHECK_FALSE(network.is_running("left"));
    CHECK(ticks.living == 0);
    CHECK(ticks.downs == 0);
    CHECK(ticks.at.size() == seen);
    CHECK(network.fabric().socket_count() == 0);
    network.run_for(1min);
    CHECK(ticks.at.size() == seen);
  }
}

TEST_CASE("no two processes have the same id", "[network]") {
  SimNetwork network{{.seed = 1}};
  std::set<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.insert(to_string(test::start(network, "left").system().node()));
    ids.insert(to_string(test::start(network, "right").system().node()));
    network.kill("left");
    network.power_off("right");
  }
  CHECK(ids.size() == 6);
  SimNetwork other{{.seed = 2}};
  CHECK(ids.contains(to_string(test::start(other, "left").system().node())));
}

TEST_CASE("a port that is in use cannot be published", "[network]") {
  SimNetwork network{{.seed = 1}};
  SimNode& node = test::start(network, "left");
  test::Flow flow{.network = &network};
  test::spawn_sink(node, flow);
  network.run_for(1s);
  std::string answer;
  node.system().spawn([&](caf::event_based_actor* self) {
    self->request(node.system().middleman().actor_handle(), 1s, caf::open_atom_v, test::kSinkPort,
                  std::string{}, false)
        .then([&](std::uint16_t) { answer = "open"; },
              [&](const caf::error& e) { answer = node.system().render(e); });
  });
  network.run_for(2s);
  CHECK(answer.find("cannot_open_port") != std::string::npos);
}

TEST_CASE("an actor's fault waits for the end of the step", "[network]") {
  SimNetwork network{{.seed = 1}};
  SimNode& node = test::start(network, "left");
  node.system().spawn([&](caf::event_based_actor*) {
    network.defer([&] { network.kill("left"); });
    CHECK(network.is_running("left"));
  });
  network.run_for(1s);
  CHECK_FALSE(network.is_running("left"));
}
