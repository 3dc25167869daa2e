// Mutual TLS on a socket that does not block.
//
// Invariants
//  - Only TLS 1.3, which has no anonymous ciphers. Both sides show a certificate, and both check
//    that the cluster's authority has signed the other's.
//  - Certificates name no hosts that would be checked: who holds one of this authority is a member
//    of the cluster, wherever it runs.
//  - No thread of the process gets SIGPIPE from a connection that breaks.
#pragma once

#include "actors/net/security.hpp"

#include <weir/clock.hpp>
#include <weir/result.hpp>

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>

namespace weir::net {

struct FreeOpenssl {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL* connection) const noexcept { SSL_free(connection); }
};

/// One end of an encrypted connection. Used by one thread at a time; must die before the file
/// descriptor is closed.
class TlsSession {
public:
  enum class Outcome : std::uint8_t { done, wants_read, wants_write, closed, failed };

  TlsSession(SSL_CTX* context, int fd, bool accepts);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Goes on with the handshake. Say `done` before anything is read or written.
  Outcome handshake();
  /// Read and write at least one byte and at most `size`, and say how many, or do nothing.
  Outcome read(char* bytes, std::size_t size, std::size_t& count);
  Outcome write(const char* bytes, std::size_t size, std::size_t& count);
  /// Bytes that are decrypted already: no event on the socket will announce them.
  std::size_t pending() const noexcept;
  /// Why the last call has `failed`.
  std::string reason() const { return reason_; }

private:
  Outcome outcome_of(int result);

  int fd_;  // the BIO points to it
  std::unique_ptr<SSL, FreeOpenssl> connection_;
  std::string reason_;
};

/// What all connections of a process have in common: its certificate, its key, the authority.
class TlsContext {
public:
  /// Loads the files. `invalid_argument` names the option, its file, what is wrong with it and the
  /// cure.
  static Result<std::shared_ptr<const TlsContext>> load(const Security& security,
                                                        const Clock& clock);

  /// May be called from any thread.
  std::unique_ptr<TlsSession> start(int fd, bool accepts) const;
  /// How long this process's certificate is still valid.
  Duration valid_for(const Clock& clock) const;

private:
  TlsContext() = default;

  std::unique_ptr<SSL_CTX, FreeOpenssl> context_;
};

}  // namespace weir::net
