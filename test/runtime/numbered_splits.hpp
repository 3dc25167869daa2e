// Splits that are told apart by their numbers: what tests of reading and restoring share.
#pragma once

#include "state/handle.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {

/// Splits "0" to "n - 1", of this size each; nothing has been read of them.
inline std::vector<state::SplitPosition> splits(int n, std::uint64_t bytes = 0) {
  std::vector<state::SplitPosition> all;
  all.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) all.push_back({{std::to_string(i), bytes}, std::nullopt});
  return all;
}

}  // namespace weir::test
