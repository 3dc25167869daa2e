// Certificates of a cluster: one authority, and what it signs.
#pragma once

#include <weir/result.hpp>
#include <weir/time.hpp>

#include <string>

namespace weir::net {

/// A private key and the certificate of its public half, both PEM.
struct KeyAndCertificate {
  std::string key;
  std::string certificate;
};

/// Makes the authority of a new cluster, valid from a day before `now` until `days` after it.
Result<KeyAndCertificate> make_authority(WallTime now, int days);

/// Makes a member's certificate, signed by `authority`, for both ends of a connection. `name` says
/// whose it is; nobody checks it. `corrupt` if the authority cannot be read.
Result<KeyAndCertificate> make_member(const KeyAndCertificate& authority, const std::string& name,
                                      WallTime now, int days);

}  // namespace weir::net
