// The TCP of simulated machines, without actors.
#include "simulation/sim_fabric.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <set>

using namespace std::chrono_literals;
using namespace weir;
using simulation::Cable;
using simulation::HostId;
using simulation::ListenerId;
using simulation::peer_of;
using simulation::SimFabric;
using simulation::Socket;
using simulation::SocketId;

namespace {

constexpr std::uint16_t kPort = 80;
constexpr Duration kDialTimeout = 127s;

/// Two machines; "right" listens.
struct Pair {
  explicit Pair(std::uint64_t seed = 1) : random{seed} {}

  /// Everything that can happen for a while happens.
  void run(Duration time) {
    const Duration end = now + time;
    for (;;) {
      while (!fabric.find_deliverable().empty()) {
        fabric.deliver(fabric.deliverable()[random.below(fabric.deliverable().size())]);
        after_each();
      }
      const auto next = fabric.next_event();
      if (!next || *next > end) break;
      now = std::max(now, *next);
      fabric.advance(now);
    }
    now = end;
    fabric.advance(now);
  }

  /// Connects; returns the end on the left.
  SocketId connect() {
    const SocketId dialled = *fabric.dial(left, "right", kPort);
    run(10ms);
    REQUIRE(fabric.find(dialled)->state == Socket::State::open);
    REQUIRE(fabric.accept(listener) == peer_of(dialled));
    return dialled;
  }

  std::string unread(SocketId id) {
    const Socket& socket = *fabric.find(id);
    return socket.received.substr(socket.taken);
  }
  Socket::Peer peer(SocketId id) { return fabric.find(id)->peer; }

  base::Random random;
  std::function<void()> after_each = [] {};
  Duration now{};
  SimFabric fabric{random, {}, kDialTimeout};
  HostId left = fabric.add_host("left");
  HostId right = fabric.add_host("right");
  ListenerId listener = *fabric.listen(right, kPort);
};

}  // namespace

TEST_CASE("bytes arrive in order and in pieces", "[network]") {
  bool in_pieces = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Pair pair{seed};
    const SocketId near = pair.connect();
    std::string sent;
    std::set<std::size_t> ends{0};  // of segments
    pair.after_each = [&] {
      const std::string received = pair.unread(peer_of(near));
      in_pieces |= !ends.contains(received.size());
      REQUIRE(sent.starts_with(received));
    };
    for (int i = 0; i < 20; ++i) {
      const std::string bytes(1 + pair.random.below(100), static_cast<char>('a' + i));
      pair.fabric.send(near, bytes);
      sent += bytes;
      ends.insert(sent.size());
      pair.run(std::chrono::microseconds{pair.random.below(300)});
    }
    pair.run(10ms);
    REQUIRE(pair.unread(peer_of(near)) == sent);
  }
  CHECK(in_pieces);
}

TEST_CASE("a port is taken once, and free again when nobody listens any more", "[network]") {
  Pair pair;
  CHECK_FALSE(pair.fabric.listen(pair.right, kPort));
  CHECK(pair.fabric.listen(pair.left, kPort));
  pair.fabric.stop_listening(pair.listener);
  CHECK(pair.fabric.listen(pair.right, kPort));
  const auto one = pair.fabric.listen(pair.right, 0);
  const auto other = pair.fabric.listen(pair.right, 0);
  CHECK(pair.fabric.port_of(*one) != pair.fabric.port_of(*other));
}

TEST_CASE("a dial is refused at once where nobody listens", "[network]") {
  Pair pair;
  const SocketId dialled = *pair.fabric.dial(pair.left, "right", kPort + 1);
  pair.run(2ms);
  CHECK(pair.fabric.find(dialled)->state == Socket::State::dialing);
  CHECK(pair.peer(dialled) == Socket::Peer::gone);
  pair.fabric.close(dialled);
  CHECK(pair.fabric.socket_count() == 0);
  CHECK_FALSE(pair.fabric.dial(pair.left, "nowhere", kPort));
}

TEST_CASE("a dial that nobody answers fails after its time", "[network]") {
  Pair pair;
  SECTION("no power") {
    pair.fabric.power_off(pair.right);
  }
  SECTION("a cut on the way there") {
    pair.fabric.cut(pair.left, pair.right);
  }
  SECTION("a cut on the way back") {
    pair.fabric.cut(pair.right, pair.left);
  }
  const SocketId dialled = *pair.fabric.dial(pair.left, "right", kPort);
  pair.run(kDialTimeout - 1ms);
  CHECK(pair.peer(dialled) == Socket::Peer::present);
  pair.run(1ms);
  CHECK(pair.fabric.find(dialled)->state == Socket::State::dialing);
  CHECK(pair.peer(dialled) == Socket::Peer::gone);
}

TEST_CASE("a dial goes on when the cable is healed in time", "[network]") {
  Pair pair;
  const bool forth = GENERATE(true, false);
  const HostId from = forth ? pair.left : pair.right;
  const HostId to = forth ? pair.right : pair.left;
  pair.fabric.cut(from, to);
  const SocketId dialled = *pair.fabric.dial(pair.left, "right", kPort);
  pair.run(10s);
  CHECK(pair.fabric.find(dialled)->state == Socket::State::dialing);
  pair.fabric.heal(from, to);
  pair.run(11s);
  CHECK(pair.fabric.find(dialled)->state == Socket::State::open);
}

TEST_CASE("an answer to a dial that has been given up is reset", "[network]") {
  Pair pair;
  pair.fabric.cut(pair.right, pair.left);
  const SocketId dialled = *pair.fabric.dial(pair.left, "right", kPort);
  pair.run(kDialTimeout);
  pair.fabric.close(dialled);
  const SocketId accepted = pair.fabric.accept(pair.listener);
  CHECK(pair.peer(accepted) == Socket::Peer::present);
  pair.fabric.heal(pair.right, pair.left);
  pair.run(5min);
  CHECK(pair.peer(accepted) == Socket::Peer::gone);
}

TEST_CASE("an end arrives behind all bytes", "[network]") {
  Pair pair;
  const SocketId near = pair.connect();
  pair.fabric.send(near, "last");
  pair.fabric.close(near);
  pair.run(10ms);
  CHECK(pair.unread(peer_of(near)) == "last");
  CHECK(pair.peer(peer_of(near)) == Socket::Peer::ended);
  pair.fabric.close(peer_of(near));
  CHECK(pair.fabric.socket_count() == 0);
}

TEST_CASE("who closes with bytes unread resets the connection", "[network]") {
  Pair pair;
  const SocketId near = pair.connect();
  pair.fabric.send(near, "never read");
  pair.run(10ms);
  pair.fabric.close(peer_of(near));
  pair.run(10ms);
  CHECK(pair.peer(near) == Socket::Peer::gone);
}

TEST_CASE("who sends to a closed end is reset", "[network]") {
  Pair pair;
  const SocketId near = pair.connect();
  pair.fabric.close(peer_of(near));
  pair.run(10ms);
  CHECK(pair.peer(near) == Socket::Peer::ended);
  pair.fabric.send(near, "too late");
  pair.run(10ms);
  CHECK(pair.peer(near) == Socket::Peer::gone);
}

TEST_CASE("bytes wait at a cut and are sent again after a pause", "[network]") {
  Pair pair;
  const SocketId near = pair.connect();
  pair.fabric.cut(pair.left, pair.right);
  pair.fabric.send(near, "held");
  pair.fabric.send(peer_of(near), "passes");
  pair.run(20s);
  CHECK(pair.unread(peer_of(near)).empty());
  CHECK(pair.unread(near) == "passes");
  pair.fabric.heal(pair.left, pair.right);
  pair.run(20s + 1ms);
  CHECK(pair.unread(peer_of(near)) == "held");
}

TEST_CASE("the longer a cut, the longer may its end go unnoticed", "[network]") {
  Duration longest{};
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Pair pair{seed};
    const SocketId near = pair.connect();
    pair.fabric.cut(pair.left, pair.right);
    pair.fabric.send(near, "held");
    pair.run(20s);
    pair.fabric.heal(pair.left, pair.right);
    Duration waited{};
    for (; pair.unread(peer_of(near)).empty(); waited += 100ms) pair.run(100ms);
    longest = std::max(longest, waited);
  }
  CHECK(longest > 5s);
}

TEST_CASE("an end waits at a cut, but a reset is lost there", "[network]") {
  Pair pair;
  const SocketId near = pair.connect();
  const SocketId far = peer_of(near);
  const bool is_reset = GENERATE(false, true);
  if (is_reset) {
    pair.fabric.send(near, "unread");
    pair.run(10ms);
  }
  pair.fabric.cut(pair.right, pair.left);
  pair.fabric.close(far);
  pair.run(1s);
  CHECK(pair.peer(near) == Socket::Peer::present);
  pair.fabric.heal(pair.right, pair.left);
  pair.run(1h);
  CHECK(pair.peer(near) == (is_reset ? Socket::Peer::present : Socket::Peer::ended));
  // The half-open connection is found out by sending.
  pair.fabric.send(near, "anybody there?");
  pair.run(10ms);
  CHECK(pair.peer(near) == Socket::Peer::gone);
}

TEST_CASE("a reset reaches both ends", "[network]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Pair pair{seed};
    const SocketId near = pair.connect();
    pair.fabric.send(near, "perhaps");
    pair.fabric.reset_connections(pair.right, pair.left);
    pair.run(10ms);
    CHECK(pair.peer(near) == Socket::Peer::gone);
    CHECK(pair.peer(peer_of(near)) == Socket::Peer::gone);
  }
}

TEST_CASE("the kernel ends the connections of a killed process, accepted or not", "[network]") {
  bool ended = false;
  bool reset = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Pair pair{seed};
    const SocketId accepted = pair.connect();
    const SocketId waiting = *pair.fabric.dial(pair.left, "right", kPort);
    pair.run(10ms);
    pair.fabric.kill_process(pair.right);
    pair.run(10ms);
    CHECK(pair.peer(waiting) == Socket::Peer::gone);
    CHECK(pair.peer(accepted) != Socket::Peer::present);
    ended |= pair.peer(accepted) == Socket::Peer::ended;
    reset |= pair.peer(accepted) == Socket::Peer::gone;
    pair.fabric.end_process(pair.left);
    CHECK(pair.fabric.socket_count() == 0);
  }
  CHECK(ended);
  CHECK(reset);
}

TEST_CASE("all that a process has sent arrives after its end", "[network]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Pair pair{seed};
    const SocketId near = pair.connect();
    for (int i = 0; i < 5; ++i) pair.fabric.send(near, "sent");
    pair.fabric.end_process(pair.left);
    pair.run(10ms);
    CHECK(pair.unread(peer_of(near)).size() == 20);
    CHECK(pair.peer(peer_of(near)) == Socket::Peer::ended);
  }
}

TEST_CASE("a machine that lost power is silent, and resets what it does not know", "[network]") {
  Pair pair;
  const SocketId near = pair.connect();
  pair.fabric.power_off(pair.right);
  CHECK_FALSE(pair.fabric.has_power(pair.right));
  pair.fabric.send(near, "hello?");
  pair.run(10s);
  CHECK(pair.peer(near) == Socket::Peer::present);
  pair.fabric.power_on(pair.right);
  pair.run(20s + 1ms);
  CHECK(pair.peer(near) == Socket::Peer::gone);
}

TEST_CASE("a stalled cable delays, and a slow one takes its time for each byte", "[network]") {
  Pair pair;
  const SocketId near = pair.connect();
  Cable& cable = pair.fabric.cable(pair.left, pair.right);
  SECTION("stalled") {
    cable.stalls_until = pair.now + 2s;
  }
  SECTION("slow") {
    cable.bytes_per_second = 500;
  }
  for (int i = 0; i < 10; ++i) pair.fabric.send(near, std::string(100, 'x'));
  pair.run(1900ms);
  CHECK(pair.unread(peer_of(near)).size() < 1000);
  pair.run(101ms);
  CHECK(pair.unread(peer_of(near)).size() == 1000);
}
