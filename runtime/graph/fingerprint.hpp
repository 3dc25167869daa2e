// Fingerprint: whether two processes have the same job.
#pragma once

#include "runtime/graph/plan.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::runtime {

/// Everything about a plan that all nodes must agree on.
struct Fingerprint {
  std::uint64_t hash = 0;
  std::string job = {};
  std::vector<std::string> operators = {};  // a line each, in order

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

Fingerprint fingerprint(const Plan& plan);

/// Says how `theirs` differs from `ours`: both hashes and the first operator that is not the same.
/// Empty if they are equal.
std::string difference(const Fingerprint& ours, const Fingerprint& theirs);

}  // namespace weir::runtime
