// What two processes of a cluster can do once they have let each other in, and how dials fail.
#include "actors/net/peer_signs.hpp"
#include "actors/net/preamble.hpp"
#include "actors/net/sockets.hpp"
#include "test/actors/net/certificate_files.hpp"
#include "test/actors/net/node.hpp"
#include "test/actors/net/raw_peer.hpp"
#include "test/process/child.hpp"

#include <caf/after.hpp>
#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <csignal>
#include <list>
#include <thread>

using Catch::Contains;
using namespace std::chrono_literals;
using namespace weir;
using test::CertificateFiles;
using test::Node;
using test::quick_options;
using test::RawPeer;

namespace {

/// A text of `size` bytes in which a byte at the wrong place is noticed.
std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 131 + i / 251) & 0xff);
  return text;
}

/// A port on which connections are made and nobody answers, until the object dies.
class SilentPort {
public:
  SilentPort()
      : socket_{net::listen_on(net::resolve("127.0.0.1", 0)->front()).value()},
        port_{net::local_address(socket_.get())->port()} {}

  std::uint16_t port() const { return port_; }
  int fd() const { return socket_.get(); }

private:
  net::Fd socket_;
  std::uint16_t port_;
};

/// A port at which the machine does not even make a connection: its queue is full.
class DeafPort {
public:
  DeafPort() {
    REQUIRE(::listen(silent_.fd(), 0) == 0);
    first_.emplace_back(silent_.port());
  }
  std::uint16_t port() const { return silent_.port(); }

private:
  SilentPort silent_;
  std::list<RawPeer> first_;
};

}  // namespace

TEST_CASE("messages of every size arrive whole, plain and encrypted", "[net][connection]") {
  const bool is_encrypted = GENERATE(false, true);
  CAPTURE(is_encrypted);
  const CertificateFiles files;
  const auto options = [&](const char* name) {
    return quick_options(is_encrypted ? files.member(name) : net::Security{});
  };
  Node server{options("server")};
  Node client{options("client")};
  const auto echo = client.dial(server.port());
  INFO(echo.status().message());
  REQUIRE(echo.ok());
  for (const std::size_t size :
       {0UL, 1UL, 31UL, 32UL, 33UL, 1'000UL, 16'384UL, 100'000UL, 5'000'000UL, 40'000'000UL}) {
    const std::string text = pattern(size);
    CHECK((client.echo(*echo, text) == text));
  }
  CHECK(server.log().lines().empty());
  CHECK(client.log().lines().empty());
}

TEST_CASE("many small messages arrive though nothing follows them", "[net][connection]") {
  const bool is_encrypted = GENERATE(false, true);
  CAPTURE(is_encrypted);
  const CertificateFiles files;
  auto options = quick_options(is_encrypted ? files.member("node") : net::Security{});
  options.heartbeat_interval = 1h;  // would wake who has overlooked some
  options.connection_timeout = 2h;
  Node server{options};
  Node client{options};
  const auto echo = client.dial(server.port());
  REQUIRE(echo.ok());
  caf::scoped_actor self{client.system()};
  constexpr int kMessages = 5'000;
  for (int i = 0; i < kMessages; ++i) self->send(*echo, std::to_string(i));
  int arrived = 0;
  bool is_stuck = false;
  while (arrived < kMessages && !is_stuck)
    self->receive([&](const std::string& text) { arrived += text == std::to_string(arrived); },
                  caf::after(30s) >> [&] { is_stuck = true; });
  CHECK(arrived == kMessages);
}

TEST_CASE("many nodes come and go at one port", "[net][connection]") {
  const CertificateFiles files;
  const bool is_encrypted = GENERATE(false, true);
  const auto security = is_encrypted ? files.member("node") : net::Security{};
  Node server{quick_options(security)};
  for (int i = 0; i < 20; ++i) {
    Node client{quick_options(security)};
    const auto echo = client.dial(server.port());
    INFO(echo.status().message());
    REQUIRE(echo.ok());
    CHECK(client.echo(*echo, "hello") == "hello");
  }
  CHECK(server.log().lines().empty());
}

TEST_CASE("messages are signs of the process that sent them", "[net][connection]") {
  const bool is_encrypted = GENERATE(false, true);
  CAPTURE(is_encrypted);
  const CertificateFiles files;
  const auto security = is_encrypted ? files.member("node") : net::Security{};
  Node server{quick_options(security)};
  Node client{quick_options(security)};
  const auto signs = server.network().signs();
  const auto peer = client.system().node();
  CHECK_FALSE(signs->last(peer));
  const auto echo = client.dial(server.port());
  REQUIRE(echo.ok());
  for (int i = 0; i < 3; ++i) {
    const Duration before = Clock::system().monotonic();
    REQUIRE(client.echo(*echo, "hello") == "hello");
    REQUIRE(signs->last(peer));
    CHECK(*signs->last(peer) > before);
    CHECK(*client.network().signs()->last(server.system().node()) > before);
  }
}

TEST_CASE("each piece of a message is a sign, though the rest is still to come",
          "[net][connection]") {
  Node server;
  Node other;  // whose name the peer takes
  const auto peer = other.system().node();
  const auto signs = server.network().signs();
  RawPeer raw{server.port()};
  raw.send(net::encode({net::PreambleKind::hello, net::kProtocolVersion, {}}));
  raw.read(net::kPreambleBytes);
  raw.send(test::handshake_of(peer));
  const auto wait_for_sign = [&](Duration after) {
    const Duration give_up = Clock::system().monotonic() + 30s;
    while (signs->last(peer).value_or(Duration{}) <= after) {
      REQUIRE(Clock::system().monotonic() < give_up);
      std::this_thread::yield();
    }
    return *signs->last(peer);
  };
  Duration last = wait_for_sign({});
  raw.send(test::header_with_length(2, 1'000'000));
  for (int i = 0; i < 3; ++i) {
    raw.send("x");
    last = wait_for_sign(last);
  }
}

TEST_CASE("a second dial finds the connection that is there", "[net][connection]") {
  Node server;
  Node client;
  const auto one = client.dial(server.port());
  const auto two = client.dial(server.port());
  REQUIRE((one.ok() && two.ok()));
  CHECK(*one == *two);
  CHECK(client.echo(*two, "hello") == "hello");
}

TEST_CASE("a message above the limit costs the connection, and is named", "[net][connection]") {
  auto options = quick_options();
  options.max_message_bytes = 1U << 20U;
  Node server{options};
  Node client;
  const auto echo = client.dial(server.port());
  REQUIRE(echo.ok());
  CHECK(client.echo(*echo, pattern(1'000'000)).size() == 1'000'000);
  caf::scoped_actor self{client.system()};
  self->monitor(*echo);
  self->send(*echo, pattern(2'000'000));
  self->receive([](const caf::down_msg&) {});
  CHECK_THAT(server.log().wait_for(1, 0).front(),
             Contains("a message of 1.9 MiB, above the limit of 1.0 MiB"));
}

TEST_CASE("a process that is frozen counts as lost after the timeout", "[net][connection]") {
  test::Child child{{WEIR_PROGRAMS "/net_node", "guarded"}};
  REQUIRE(child.wait_for("port "));
  auto options = quick_options();
  options.heartbeat_interval = 50ms;
  options.connection_timeout = 500ms;
  Node client{options};
  const auto port = std::stoi(child.output().substr(child.output().find("port ") + 5));
  const auto echo = client.dial(static_cast<std::uint16_t>(port));
  REQUIRE(echo.ok());
  caf::scoped_actor self{client.system()};
  self->monitor(*echo);
  child.signal(SIGSTOP);
  bool is_down = false;
  self->receive([&](const caf::down_msg&) { is_down = true; });
  CHECK(is_down);
}

TEST_CASE("a dial that nobody answers ends by its own deadline", "[net][dial]") {
  auto options = quick_options();
  options.connect_timeout = 200ms;
  options.handshake_timeout = 200ms;
  Node client{options};
  const DeafPort deaf;
  const Status no_connection = client.dial(deaf.port()).status();
  CHECK(no_connection.code() == ErrorCode::deadline_exceeded);
  CHECK_THAT(no_connection.message(),
             Contains("cannot connect to 127.0.0.1:" + std::to_string(deaf.port())) &&
                 Contains("nothing answers within 200 ms"));
  const SilentPort silent;
  const Status no_greeting = client.dial(silent.port()).status();
  CHECK(no_greeting.code() == ErrorCode::deadline_exceeded);
  CHECK_THAT(no_greeting.message(), Contains("time was up before its greeting came"));
}

TEST_CASE("a dial that hangs holds up no other", "[net][dial]") {
  auto options = quick_options();
  options.connect_timeout = 1h;
  Node client{options};
  Node server;
  const DeafPort deaf;
  caf::scoped_actor self{client.system()};
  auto hanging = self->request(client.network().dialer(), caf::infinite, caf::connect_atom_v,
                               std::string{"127.0.0.1"}, deaf.port());
  CHECK(client.dial(server.port()).ok());
  client.stop_network();  // ends the other one too
  Status ended;
  hanging.receive(
      [](const caf::node_id&, const caf::strong_actor_ptr&, const std::set<std::string>&) {},
      [&](const caf::error& error) { ended = net::dial_status(error); });
  CHECK(ended.code() == ErrorCode::cancelled);
}

TEST_CASE("a dial says why it failed", "[net][dial]") {
  Node client;
  std::uint16_t free_port = 0;
  { free_port = SilentPort{}.port(); }
  const Status refused = client.dial(free_port).status();
  CHECK(refused.code() == ErrorCode::unavailable);
  CHECK_THAT(refused.message(), Contains("nobody listens there"));

  caf::scoped_actor self{client.system()};
  const auto dial = [&](const std::string& host) {
    Status status;
    self->request(client.network().dialer(), caf::infinite, caf::connect_atom_v, host, free_port)
        .receive(
            [](const caf::node_id&, const caf::strong_actor_ptr&, const std::set<std::string>&) {},
            [&](const caf::error& error) { status = net::dial_status(error); });
    return status;
  };
  CHECK(dial("10.0.0.1").code() == ErrorCode::permission_denied);
  CHECK_THAT(dial("10.0.0.1").message(), Contains("security.ssl.*"));
  CHECK_THAT(dial("no such host").message(), Contains("no address is known for \"no such host\""));
  const Status itself = client.dial(client.port()).status();
  CHECK(itself.code() == ErrorCode::failed_precondition);
  CHECK_THAT(itself.message(), Contains("node id of this process"));
}

TEST_CASE("a port that cannot be had is named, with the cure", "[net][listen]") {
  Node node;
  const auto listen = [&](Node& on, const std::string& host, std::uint16_t port) {
    return on.network().listen(caf::strong_actor_ptr{}, {}, host, port).status();
  };
  const Status in_use = listen(node, "127.0.0.1", node.port());
  CHECK(in_use.code() == ErrorCode::already_exists);
  CHECK_THAT(in_use.message(),
             Contains("cannot listen on 127.0.0.1:" + std::to_string(node.port()) +
                      ": the port is in use; stop what listens there"));
  CHECK(listen(node, "no such host", 0).code() == ErrorCode::not_found);
  for (const char* open : {"0.0.0.0", "::", "", "*"}) {
    const Status exposed = listen(node, open, 0);
    CHECK(exposed.code() == ErrorCode::permission_denied);
    CHECK_THAT(exposed.message(), Contains("--insecure") && Contains("weir certs init DIR"));
  }
  Node insecure{quick_options({.mode = net::Security::Mode::insecure})};
  CHECK(listen(insecure, "", 0).ok());
  CHECK(listen(insecure, "0.0.0.0", 0).ok());
  CHECK_THAT(listen(insecure, "203.0.113.7", 0).message(), Contains("none of this machine's"));
  CHECK_THAT(insecure.log().lines().at(0), Contains("NOT SECURE"));
}

TEST_CASE("settings that cannot work start nothing", "[net][start]") {
  test::KeptLog log;
  caf::actor_system_config config;
  net::NetworkOptions options;
  net::configure_network(config, options);
  caf::actor_system system{config};
  options.connection_timeout = options.heartbeat_interval;
  CHECK(net::Network::start(system, options, log).status().code() == ErrorCode::invalid_argument);
  options = {};
  options.security.mode = net::Security::Mode::tls;
  const Status no_files = net::Network::start(system, options, log).status();
  CHECK_THAT(no_files.message(), Contains("security.ssl.certificate"));
}

TEST_CASE("a certificate that expires soon is reported at the start", "[net][start]") {
  const CertificateFiles files;
  const Node node{quick_options(files.member("node", 10))};
  CHECK_THAT(node.log().lines().at(0),
             Contains("expires soon") && (Contains("days=10") || Contains("days=9")));
}
