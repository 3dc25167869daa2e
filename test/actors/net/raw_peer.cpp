#include "test/actors/net/raw_peer.hpp"

#include <weir/clock.hpp>

#include <caf/atom.hpp>
#include <caf/binary_serializer.hpp>
#include <catch2/catch.hpp>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

using namespace std::chrono_literals;

namespace weir::test {
namespace {

constexpr auto kPatience = 30s;  // for what happens at once unless it never does

void append_number(std::string& bytes, std::uint64_t number, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
    bytes += static_cast<char>(number >> static_cast<unsigned>(shift));
}

std::string header(unsigned char operation, unsigned char flags, std::uint32_t length,
                   std::uint64_t receiver) {
  std::string bytes{static_cast<char>(operation), 0, 0, static_cast<char>(flags)};
  append_number(bytes, length, 4);
  append_number(bytes, operation == 0 ? 1 : 0, 8);  // a server names its version
  append_number(bytes, 0, 8);
  append_number(bytes, receiver, 8);
  return bytes;
}

/// A message as CAF writes it: the kinds of its parts, then the parts.
std::string message_of(const std::string& kinds) {
  return std::string(2, '\0') + static_cast<char>(kinds.size()) + kinds;
}

}  // namespace

RawPeer::RawPeer(std::uint16_t port) {
  const net::Signal never;
  const Clock& clock = Clock::system();
  const auto addresses = net::resolve("127.0.0.1", port);
  REQUIRE(addresses.ok());
  auto fd = net::connect_to(addresses->front(), clock.monotonic() + kPatience, never, clock);
  INFO(fd.status().message());
  REQUIRE(fd.ok());
  fd_ = std::move(fd).value();
}

bool RawPeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd ready{fd(), POLLOUT, 0};
    REQUIRE(::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds{kPatience}.count())) > 0);
    const ssize_t n = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::string RawPeer::read(std::size_t size) {
  std::string all;
  std::array<char, 4096> buffer{};
  while (all.size() < size) {
    pollfd ready{fd(), POLLIN, 0};
    REQUIRE(::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds{kPatience}.count())) > 0);
    const ssize_t n = ::recv(fd(), buffer.data(), std::min(buffer.size(), size - all.size()), 0);
    if (n <= 0) return all;
    all.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return all;
}

std::string RawPeer::read_to_end() {
  return read(std::string::npos);
}

std::string handshake_of(const caf::node_id& node) {
  std::vector<char> payload;
  caf::binary_serializer sink{nullptr, payload};
  REQUIRE_FALSE(sink(node));
  constexpr unsigned char kClientHandshake = 1;
  return header(kClientHandshake, 0, static_cast<std::uint32_t>(payload.size()), 0) +
         std::string{payload.begin(), payload.end()};
}

std::string header_without_payload(unsigned char operation) {
  return header(operation, 0, 0, 0);
}

std::string header_with_length(unsigned char operation, std::uint32_t length) {
  return header(operation, 0, length, operation >= 2 && operation <= 4 ? 1 : 0);
}

std::string nested_message(std::size_t depth) {
  std::string payload(1, '\0');  // no stages
  for (std::size_t i = 0; i < depth; ++i) payload += message_of("@<>+@message");
  payload += message_of("@<>");
  constexpr unsigned char kDirectMessage = 2;
  constexpr unsigned char kNamedReceiver = 1;
  return header(kDirectMessage, kNamedReceiver, static_cast<std::uint32_t>(payload.size()),
                static_cast<std::uint64_t>(caf::atom("ConfigServ"))) +
         payload;
}

}  // namespace weir::test
