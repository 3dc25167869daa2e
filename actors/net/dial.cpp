#include "actors/net/dial.hpp"

#include "base/text.hpp"

#include <poll.h>

#include <utility>

namespace weir::net {
namespace {

/// Connects to the first address that answers.
Result<std::pair<Fd, Address>> connect_to_any(const DialSettings& settings, const std::string& host,
                                              std::uint16_t port, const Signal& stop,
                                              const Clock& clock) {
  auto addresses = resolve(host, port);
  if (!addresses.ok()) return addresses.status();
  Status why{ErrorCode::not_found, "the name has no address"};
  for (const Address& address : *addresses) {
    if (Status allowed = check_address(settings.security, host, address.text()); !allowed.ok())
      return allowed;
    auto fd = connect_to(address, clock.monotonic() + settings.connect_timeout, stop, clock);
    if (fd.ok()) return std::pair{std::move(fd).value(), address};
    why = fd.status();
    if (why.code() == ErrorCode::deadline_exceeded)
      why = {why.code(),
             "nothing answers within " + base::format_duration(settings.connect_timeout)};
    if (why.code() == ErrorCode::cancelled) break;
  }
  return why;
}

Status greet(Handshake& handshake, Duration deadline, const Signal& stop, const Clock& clock) {
  while (true) {
    const Handshake::Need need = handshake.go_on();
    if (need == Handshake::Need::nothing) return handshake.result();
    const short event = need == Handshake::Need::write ? POLLOUT : POLLIN;
    Status waited = wait_for(handshake.fd(), event, deadline, stop, clock);
    if (waited.code() == ErrorCode::deadline_exceeded)
      return {waited.code(), "time was up before " + handshake.what_is_missing()};
    if (!waited.ok()) return waited;
  }
}

/// Waits for the first bytes of CAF's handshake, without taking them. CAF gives up a connection on
/// which nothing has come by the time of its next heartbeat, however young it is.
Status wait_for_peer(int fd, Duration deadline, const Signal& stop, const Clock& clock) {
  if (Status waited = wait_for(fd, POLLIN, deadline, stop, clock); !waited.ok()) return waited;
  char byte = 0;
  if (::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) return {};
  return {ErrorCode::unavailable, "it let this process in and closed the connection"};
}

Result<Welcomed> connect_and_greet(const DialSettings& settings, const std::string& host,
                                   std::uint16_t port, const Signal& stop, const Clock& clock) {
  auto connected = connect_to_any(settings, host, port, stop, clock);
  if (!connected.ok()) return connected.status();
  const Duration deadline = clock.monotonic() + settings.handshake_timeout;
  Handshake handshake{Greeting::Role::dial, settings.mine, settings.tls.get(),
                      std::move(connected->first), connected->second};
  if (Status greeted = greet(handshake, deadline, stop, clock); !greeted.ok()) return greeted;
  if (Status there = wait_for_peer(handshake.fd(), deadline, stop, clock); !there.ok())
    return there;
  return handshake.take();
}

}  // namespace

Result<Welcomed> dial(const DialSettings& settings, const std::string& host, std::uint16_t port,
                      const Signal& stop, const Clock& clock) {
  auto connection = connect_and_greet(settings, host, port, stop, clock);
  if (connection.ok()) return connection;
  return connection.status().with_context("cannot connect to " + endpoint_text(host, port));
}

}  // namespace weir::net
