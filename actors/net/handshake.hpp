// Handshake: everything between a TCP connection and CAF's protocol: TLS, then the preamble.
#pragma once

#include "actors/net/preamble.hpp"
#include "actors/net/sockets.hpp"
#include "actors/net/tls.hpp"

#include <memory>

namespace weir::net {

/// A connection whose peer was let in.
struct Welcomed {
  Fd fd;
  std::unique_ptr<TlsSession> tls;  // none if the connection is plain
  Address peer;
};

/// The handshake of one connection, as far as it has come. Never waits.
class Handshake {
public:
  enum class Need : std::uint8_t { read, write, nothing };

  /// `fd` is connected and does not block; `tls` may be null for a plain connection.
  Handshake(Greeting::Role role, Identity mine, const TlsContext* tls, Fd fd, Address peer);

  /// Does what can be done now. Says what to wait for, or `nothing` when the handshake is over.
  Need go_on();
  /// Whether the peer was let in; if not, why. To be asked when nothing is needed.
  const Status& result() const { return result_; }
  /// The connection, if the peer was let in.
  Welcomed take();

  int fd() const { return fd_.get(); }
  const Address& peer() const { return peer_; }
  /// What the peer is expected to do, in words: "its greeting came".
  std::string what_is_missing() const;

private:
  Need encrypt();
  Need exchange();
  Need read();
  Need write();
  Need after(TlsSession::Outcome outcome);
  Need fail(Status why);
  Need closed();
  TlsSession::Outcome receive(char* bytes, std::size_t size, std::size_t& count);
  TlsSession::Outcome send(std::string_view bytes, std::size_t& count);

  Greeting::Role role_;
  Greeting greeting_;
  Fd fd_;
  Address peer_;
  std::unique_ptr<TlsSession> tls_;  // none if the connection is plain
  bool is_secured_;                  // the greeting may begin
  Status result_;
};

}  // namespace weir::net
