// Expiry: which values of a state have expired when a snapshot is taken.
#pragma once

#include <cstdint>

namespace weir::state {

/// See the file comment.
struct Expiry {
  bool (*is_live)(const void* cell, std::int64_t dead) = nullptr;  // null: none ever does
  std::int64_t dead = 0;  // what was touched then or before: milliseconds since 1970
};

}  // namespace weir::state
