// Strangers attack an open port: each is refused with one line in the log, and the process lives.
#include "actors/net/tls.hpp"
#include "base/random.hpp"
#include "test/actors/net/certificate_files.hpp"
#include "test/actors/net/node.hpp"
#include "test/actors/net/raw_peer.hpp"
#include "test/process/child.hpp"

#include <catch2/catch.hpp>
#include <poll.h>

#include <csignal>
#include <list>

using Catch::Contains;
using namespace std::chrono_literals;
using namespace weir;
using test::CertificateFiles;
using test::Node;
using test::quick_options;
using test::RawPeer;

namespace {

std::string hello(std::uint32_t version = net::kProtocolVersion, const net::Token& token = {}) {
  return net::encode({net::PreambleKind::hello, version, token});
}

/// A stranger sends `bytes`; returns the one line about it.
std::string line_about(Node& node, const std::string& bytes) {
  const std::size_t seen = node.log().lines().size();
  RawPeer stranger{node.port()};
  stranger.send(bytes);
  stranger.read_to_end();
  return node.log().wait_for(1, seen).front();
}

/// A member comes after the attack and is served.
void check_alive(Node& node, Node& member) {
  const std::size_t seen = node.log().lines().size();
  const auto actor = member.dial(node.port());
  INFO(actor.status().message());
  REQUIRE(actor.ok());
  CHECK(member.echo(*actor, "still there?") == "still there?");
  CHECK(node.log().lines().size() == seen);
}

/// What a child prints as its port.
std::uint16_t port_of(test::Child& child) {
  REQUIRE(child.wait_for("port "));
  const std::string output = child.output();
  return static_cast<std::uint16_t>(std::stoi(output.substr(output.find("port ") + 5)));
}

/// What ends a process that lets CAF's parser see it.
const std::vector<std::string>& deadly() {
  static const std::vector<std::string> attacks{test::header_without_payload(0),
                                                test::header_without_payload(1),
                                                test::nested_message(300'000)};
  return attacks;
}

}  // namespace

TEST_CASE("bare CAF dies of what strangers send", "[net][attack]") {
  const std::string attack = GENERATE(from_range(deadly()));
  test::Child child{{WEIR_PROGRAMS "/net_node", "bare"}};
  RawPeer stranger{port_of(child)};
  stranger.send(attack);
  stranger.read_to_end();
  CHECK(child.wait() != 128 + SIGKILL);  // it is dead, by its own
}

TEST_CASE("the same bytes do nothing to a guarded process", "[net][attack]") {
  test::Child child{{WEIR_PROGRAMS "/net_node", "guarded"}};
  const std::uint16_t port = port_of(child);
  for (const std::string& attack : deadly()) {
    RawPeer stranger{port};
    stranger.send(attack);
    stranger.read_to_end();
    REQUIRE(child.wait_for("refused a connection"));
  }
  Node member;
  const auto actor = member.dial(port);
  INFO(actor.status().message());
  REQUIRE(actor.ok());
  CHECK(member.echo(*actor, "still there?") == "still there?");
  CHECK(child.count_of("refused a connection") == deadly().size());
}

TEST_CASE("CAF's protocol without a greeting is refused", "[net][attack]") {
  Node node;
  Node member;
  for (const std::string& attack : deadly())
    CHECK_THAT(line_about(node, attack), Contains("refused a connection from=\"127.0.0.1 port ") &&
                                             Contains("it is no Weir process"));
  CHECK_THAT(line_about(node, test::header_with_length(2, 0x60000000)),
             Contains("no Weir process"));
  CHECK_THAT(line_about(node, test::header_without_payload(6)), Contains("no Weir process"));
  check_alive(node, member);
}

TEST_CASE("random bytes are refused", "[net][attack]") {
  Node node;
  Node member;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    base::Random random{seed};
    // Some begin well, so that they come further.
    std::string bytes = hello().substr(0, random.below(net::kPreambleBytes));
    while (bytes.size() < net::kPreambleBytes + random.below(100))
      bytes += static_cast<char>(random.next());
    INFO("seed " << seed);
    CHECK_THAT(line_about(node, bytes), Contains("refused a connection"));
  }
  CHECK(node.log().lines().size() == 300);
  check_alive(node, member);
}

TEST_CASE("a greeting of another version or cluster is answered and refused", "[net][attack]") {
  auto options = quick_options();
  options.security.token = "blue";
  Node node{options};
  Node member{options};
  CHECK_THAT(line_about(node, hello(99, net::make_token("blue"))),
             Contains("protocol version 99, this process version 1"));
  CHECK_THAT(line_about(node, hello(net::kProtocolVersion, net::make_token("red"))),
             Contains("another cluster"));

  auto newer = options;
  newer.protocol_version = 2;
  const Status other_version = Node{newer}.dial(node.port()).status();
  CHECK(other_version.code() == ErrorCode::failed_precondition);
  CHECK_THAT(other_version.message(),
             Contains("cannot connect to 127.0.0.1:" + std::to_string(node.port())) &&
                 Contains("protocol version 1, this process version 2"));
  auto red = options;
  red.security.token = "red";
  const Status other_token = Node{red}.dial(node.port()).status();
  CHECK(other_token.code() == ErrorCode::permission_denied);
  CHECK_THAT(other_token.message(), Contains("weir.cluster.token"));
  CHECK(node.log().lines().size() == 4);
  check_alive(node, member);
}

TEST_CASE("who says nothing, or stops in the middle, is refused in time", "[net][attack]") {
  Node node;
  Node member;
  CHECK_THAT(line_about(node, ""), Contains("500 ms were over before its greeting came"));
  CHECK_THAT(line_about(node, hello().substr(0, 31)),
             Contains("were over before its greeting came"));
  const std::size_t seen = node.log().lines().size();
  { const RawPeer gone{node.port()}; }
  CHECK_THAT(node.log().wait_for(1, seen).front(), Contains("it closed the connection"));
  check_alive(node, member);
}

TEST_CASE("a crowd of silent strangers does not keep members out", "[net][attack]") {
  auto options = quick_options();
  options.handshake_timeout = 20s;
  options.handshakes_at_a_time = 16;
  Node node{options};
  Node member;
  std::list<RawPeer> crowd;
  for (int i = 0; i < 60; ++i) crowd.emplace_back(node.port());
  for (const std::string& line : node.log().wait_for(60 - 16, 0))
    CHECK_THAT(line, Contains("too many connections"));
  const auto actor = member.dial(node.port());
  INFO(actor.status().message());
  REQUIRE(actor.ok());
  CHECK(member.echo(*actor, "hello") == "hello");
}

TEST_CASE("a flood of refusals does not flood the log", "[net][attack]") {
  auto options = quick_options();
  options.refusal_rate = {.burst = 5, .every = 1h};
  Node node{options};
  Node member;
  for (int i = 0; i < 50; ++i) {
    RawPeer stranger{node.port()};
    stranger.send("GET / HTTP/1.1\r\n");
    stranger.read_to_end();
  }
  CHECK(node.log().lines().size() == 5);
  check_alive(node, member);
}

TEST_CASE("a member that breaks CAF's protocol is cut off", "[net][attack]") {
  Node node;
  Node member;
  const auto attack = [&](const std::string& bytes) {
    const std::size_t seen = node.log().lines().size();
    RawPeer insider{node.port()};
    insider.send(hello());
    CHECK(net::decode(insider.read(net::kPreambleBytes))->kind == net::PreambleKind::welcome);
    insider.send(bytes);
    insider.read_to_end();
    return node.log().wait_for(1, seen).front();
  };
  CHECK_THAT(attack(test::header_without_payload(0)),
             Contains("let in and then sent a message of kind 0 with 0 bytes of payload"));
  CHECK_THAT(attack(test::header_without_payload(1)), Contains("kind 1 with 0 bytes"));
  CHECK_THAT(attack(test::header_with_length(2, 0x60000000)),
             Contains("a message of 1.5 GiB, above the limit of 256.0 MiB"));
  CHECK_THAT(attack(std::string(32, '\x77')), Contains("unknown kind 119"));
  CHECK(node.log().lines().size() == 4);
  check_alive(node, member);
}

TEST_CASE("who does not belong to the cluster is refused by TLS", "[net][attack][tls]") {
  const CertificateFiles files;
  const CertificateFiles foreign;
  Node node{quick_options(files.member("node"))};
  Node member{quick_options(files.member("member"))};

  SECTION("plain bytes") {
    CHECK_THAT(line_about(node, "GET / HTTP/1.1\r\n\r\n"), Contains("does not speak TLS"));
    CHECK_THAT(line_about(node, hello()), Contains("does not speak TLS"));
    for (const std::string& attack : deadly())
      CHECK_THAT(line_about(node, attack), Contains("does not speak TLS"));
    CHECK_THAT(line_about(node, ""),
               Contains("500 ms were over before its part of the TLS handshake came"));
    CHECK_THAT(line_about(node, std::string{"\x16\x03\x01\x40\x00\x01", 6}),
               Contains("500 ms were over before its part of the TLS handshake came"));
  }
  SECTION("random bytes") {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      base::Random random{seed};
      std::string bytes;
      if (random.chance(0.5)) bytes = "\x16\x03\x01";  // looks like TLS at first
      while (bytes.size() < 20 + random.below(500)) bytes += static_cast<char>(random.next());
      INFO("seed " << seed);
      CHECK_THAT(line_about(node, bytes), Contains("refused a connection"));
    }
  }
  SECTION("a plain member") {
    Node plain;
    const Status refused = plain.dial(node.port()).status();
    CHECK_THAT(refused.message(),
               Contains("If it demands TLS, give this process the same security.ssl.*"));
    CHECK_THAT(node.log().wait_for(1, 0).front(), Contains("does not speak TLS"));
    const Status other_way = member.dial(plain.port()).status();
    CHECK(other_way.code() != ErrorCode::ok);
    CHECK_THAT(plain.log().wait_for(1, 0).front(), Contains("it speaks TLS"));
  }
  SECTION("a foreign authority") {
    Node stranger{quick_options(foreign.member("node"))};
    const Status refused = stranger.dial(node.port()).status();
    CHECK(refused.code() == ErrorCode::permission_denied);
    CHECK_THAT(refused.message(), Contains("its certificate is not good for this cluster"));
    CHECK_THAT(node.log().wait_for(1, 0).front(), Contains("does not accept this process's"));
    // The other side notices too, if it is the one that listens.
    const Status other_way = member.dial(stranger.port()).status();
    CHECK_THAT(other_way.message(), Contains("not good for this cluster"));
  }
  SECTION("another version and token inside TLS") {
    auto newer = quick_options(files.member("newer"));
    newer.protocol_version = 2;
    CHECK(Node{newer}.dial(node.port()).status().code() == ErrorCode::failed_precondition);
    auto red = quick_options(files.member("red"));
    red.security.token = "red";
    CHECK(Node{red}.dial(node.port()).status().code() == ErrorCode::permission_denied);
    CHECK_THAT(node.log().wait_for(2, 0)[0], Contains("protocol version 2"));
    CHECK_THAT(node.log().lines()[1], Contains("another cluster"));
  }
  check_alive(node, member);
}

namespace {

/// Goes through a TLS handshake and sends `bytes`. Returns whether the other side has closed the
/// connection without having said anything.
bool is_turned_away(std::uint16_t port, SSL_CTX* context, const std::string& bytes = hello()) {
  RawPeer stranger{port};
  net::TlsSession session{context, stranger.fd(), false};
  const net::Signal never;
  const Clock& clock = Clock::system();
  const Duration deadline = clock.monotonic() + 30s;
  const auto wait = [&](net::TlsSession::Outcome outcome) {
    const bool writes = outcome == net::TlsSession::Outcome::wants_write;
    const short event = writes ? POLLOUT : POLLIN;
    return net::wait_for(stranger.fd(), event, deadline, never, clock).ok();
  };
  using Outcome = net::TlsSession::Outcome;
  Outcome outcome = Outcome::wants_read;
  while (outcome == Outcome::wants_read || outcome == Outcome::wants_write) {
    outcome = session.handshake();
    if (outcome == Outcome::wants_read || outcome == Outcome::wants_write) REQUIRE(wait(outcome));
  }
  if (outcome != Outcome::done) return true;
  // In TLS 1.3 a client learns what the server thinks of it from the first read.
  char byte = 0;
  std::size_t count = 0;
  std::size_t sent = 0;
  session.write(bytes.data(), bytes.size(), sent);
  while ((outcome = session.read(&byte, 1, count)) == Outcome::wants_read) REQUIRE(wait(outcome));
  return count == 0;
}

}  // namespace

TEST_CASE("a client without a certificate, or one that is too old, is refused",
          "[net][attack][tls]") {
  const CertificateFiles files;
  Node node{quick_options(files.member("node"))};
  Node member{quick_options(files.member("member"))};
  const std::unique_ptr<SSL_CTX, net::FreeOpenssl> anonymous{SSL_CTX_new(TLS_client_method())};
  CHECK(is_turned_away(node.port(), anonymous.get()));
  CHECK_THAT(node.log().wait_for(1, 0).front(), Contains("it has shown no certificate"));

  const net::Security expired = files.member("old", -1);
  REQUIRE(SSL_CTX_use_certificate_file(anonymous.get(), expired.certificate.c_str(),
                                       SSL_FILETYPE_PEM) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey_file(anonymous.get(), expired.key.c_str(), SSL_FILETYPE_PEM) == 1);
  CHECK(is_turned_away(node.port(), anonymous.get()));
  CHECK_THAT(node.log().wait_for(1, 1).front(), Contains("certificate has expired"));

  SSL_CTX_set_max_proto_version(anonymous.get(), TLS1_2_VERSION);
  CHECK(is_turned_away(node.port(), anonymous.get()));
  CHECK_THAT(node.log().wait_for(1, 2).front(), Contains("does not speak TLS 1.3"));

  const std::unique_ptr<SSL_CTX, net::FreeOpenssl> null_cipher{SSL_CTX_new(TLS_client_method())};
  SSL_CTX_set_max_proto_version(null_cipher.get(), TLS1_2_VERSION);
  REQUIRE(SSL_CTX_set_cipher_list(null_cipher.get(),
                                  "ADH-AES256-SHA256:AECDH-AES256-SHA@SECLEVEL=0") == 1);
  CHECK(is_turned_away(node.port(), null_cipher.get()));
  CHECK(node.log().wait_for(1, 3).size() == 1);
  check_alive(node, member);
}

TEST_CASE("data behind an encrypted greeting, before the answer, is refused",
          "[net][attack][tls]") {
  const CertificateFiles files;
  Node node{quick_options(files.member("node"))};
  Node member{quick_options(files.member("member"))};
  const net::Security hasty = files.member("hasty");
  const std::unique_ptr<SSL_CTX, net::FreeOpenssl> context{SSL_CTX_new(TLS_client_method())};
  REQUIRE(SSL_CTX_use_certificate_file(context.get(), hasty.certificate.c_str(),
                                       SSL_FILETYPE_PEM) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey_file(context.get(), hasty.key.c_str(), SSL_FILETYPE_PEM) == 1);
  is_turned_away(node.port(), context.get(), hello() + test::header_without_payload(6));
  CHECK_THAT(node.log().wait_for(1, 0).front(), Contains("data before it was let in"));
  check_alive(node, member);
}
