#include "actors/net/handshake.hpp"

#include "base/assert.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace weir::net {
namespace {

using Outcome = TlsSession::Outcome;

/// What a call on a plain socket has come to.
Outcome outcome_of(ssize_t result, Outcome if_it_must_wait) {
  if (result > 0) return Outcome::done;
  if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    return if_it_must_wait;
  return Outcome::closed;
}

}  // namespace

Handshake::Handshake(Greeting::Role role, Identity mine, const TlsContext* tls, Fd fd, Address peer)
    : role_{role},
      greeting_{role, mine},
      fd_{std::move(fd)},
      peer_{peer},
      tls_{tls == nullptr ? nullptr : tls->start(fd_.get(), role == Greeting::Role::accept)},
      is_secured_{tls == nullptr} {}

Handshake::Need Handshake::go_on() {
  if (!result_.ok()) return Need::nothing;
  return is_secured_ ? exchange() : encrypt();
}

Handshake::Need Handshake::encrypt() {
  const Outcome outcome = tls_->handshake();
  if (outcome != Outcome::done) return after(outcome);
  is_secured_ = true;
  return exchange();
}

Handshake::Need Handshake::exchange() {
  while (true) {
    Need need = Need::nothing;
    switch (greeting_.state()) {
      case Greeting::State::reading: need = read(); break;
      case Greeting::State::writing: need = write(); break;
      case Greeting::State::refused: return fail(greeting_.refusal());
      case Greeting::State::done:
        // The next event would come too late for what is decrypted already.
        if (tls_ != nullptr && tls_->pending() > 0)
          return fail({ErrorCode::corrupt, "it sends data before it was let in"});
        return Need::nothing;
    }
    if (need != Need::nothing || !result_.ok()) return need;
  }
}

Handshake::Need Handshake::read() {
  std::array<char, kPreambleBytes> buffer{};
  std::size_t count = 0;
  const Outcome outcome = receive(buffer.data(), greeting_.room(), count);
  if (outcome != Outcome::done) return after(outcome);
  greeting_.received({buffer.data(), count});
  return Need::nothing;
}

Handshake::Need Handshake::write() {
  std::size_t count = 0;
  const Outcome outcome = send(greeting_.to_write(), count);
  if (outcome != Outcome::done) return after(outcome);
  greeting_.wrote(count);
  return Need::nothing;
}

Handshake::Need Handshake::after(Outcome outcome) {
  switch (outcome) {
    case Outcome::wants_read: return Need::read;
    case Outcome::wants_write: return Need::write;
    case Outcome::failed: return fail({ErrorCode::permission_denied, tls_->reason()});
    case Outcome::closed: return closed();
    case Outcome::done: break;
  }
  WEIR_UNREACHABLE("a call that is done needs nothing");
}

Handshake::Need Handshake::closed() {
  std::string why = "it closed the connection before " + what_is_missing();
  if (role_ == Greeting::Role::dial) {
    why += "; its log says why";
    if (tls_ == nullptr)
      why += ". If it demands TLS, give this process the same security.ssl.* options";
  }
  return fail({ErrorCode::unavailable, std::move(why)});
}

Handshake::Need Handshake::fail(Status why) {
  result_ = std::move(why);
  return Need::nothing;
}

std::string Handshake::what_is_missing() const {
  return is_secured_ ? "its greeting came" : "its part of the TLS handshake came";
}

Outcome Handshake::receive(char* bytes, std::size_t size, std::size_t& count) {
  if (tls_ != nullptr) return tls_->read(bytes, size, count);
  const ssize_t result = ::recv(fd_.get(), bytes, size, MSG_DONTWAIT);
  count = result > 0 ? static_cast<std::size_t>(result) : 0;
  return outcome_of(result, Outcome::wants_read);
}

Outcome Handshake::send(std::string_view bytes, std::size_t& count) {
  if (tls_ != nullptr) return tls_->write(bytes.data(), bytes.size(), count);
  const ssize_t result = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  count = result > 0 ? static_cast<std::size_t>(result) : 0;
  return outcome_of(result, Outcome::wants_write);
}

Welcomed Handshake::take() {
  return {std::move(fd_), std::move(tls_), peer_};
}

}  // namespace weir::net
