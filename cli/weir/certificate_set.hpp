// The files that a cluster needs for TLS: an authority and what it signs.
//
// Invariants
//  - Nothing that exists is overwritten: a set is written as a whole or not at all.
//  - Private keys can be read by their owner alone, from the moment that they exist.
#pragma once

#include <weir/result.hpp>
#include <weir/time.hpp>

#include <string>
#include <vector>

namespace weir::cli {

/// What is asked for.
struct CertificateSet {
  std::string directory;
  std::vector<std::string> nodes;  ///< empty: one certificate, "node", for all
  int days = 1'095;                ///< three years
};

/// Makes `ca.pem`, `ca.key` and a NAME.pem and NAME.key for each node in the directory, which is
/// made if need be. `invalid_argument` for names and days that cannot be, `already_exists` names
/// the file that is in the way; others name what the operating system refused.
Status write_certificates(const CertificateSet& set, WallTime now);

/// Says what was made and what to do with it.
std::string next_steps(const CertificateSet& set);

}  // namespace weir::cli
