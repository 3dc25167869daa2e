// What the processes of a cluster demand of each other before they talk.
//
// Invariants
//  - Bytes leave the machine unencrypted only if somebody said so (`Mode::insecure`).
//  - TLS is always mutual: both sides show a certificate of the cluster's authority, and both check
//    it. Without certificate, key and authority there is no TLS at all.
#pragma once

#include <weir/result.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::net {

/// How a process secures its connections.
struct Security {
  enum class Mode : std::uint8_t {
    loopback,  ///< plain, and only with processes of the same machine
    tls,       ///< mutual TLS with everybody
    insecure,  ///< plain with everybody; logged loudly at the start
  };

  Mode mode = Mode::loopback;
  std::string certificate = {};  ///< path of this process's certificate, PEM
  std::string key = {};          ///< path of its private key, PEM
  std::string ca = {};           ///< path of the certificate of the cluster's authority, PEM
  std::string token = {};        ///< what members of one cluster have in common; may be empty
};

/// What a secret text becomes on a connection. All zeros stand for no secret.
using Token = std::array<std::uint8_t, 16>;

/// Returns the first 16 bytes of the SHA-256 of `secret`, or zeros for the empty text.
Token make_token(std::string_view secret);

/// Tells whether `host` names this machine and nothing else: 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104
/// or "localhost".
bool is_loopback(std::string_view host);

/// Checks that `security` is complete. `invalid_argument` names what is missing.
Status check_security(const Security& security);

/// Checks that a process may listen on, or connect to, `host`, which resolves to the numeric
/// `address`. `permission_denied` names the cure.
Status check_address(const Security& security, std::string_view host, std::string_view address);

}  // namespace weir::net
