// What can be asked of a savepoint; see docs/operating/savepoints.md.
#pragma once

#include <cstdint>

namespace weir {

/// What becomes of a job that is stopped with a savepoint. If the savepoint fails, the job goes on.
enum class StopMode : std::uint8_t {
  /// Sources stop reading, and the job ends as `stopped`: who continues from the savepoint goes on
  /// where it was.
  suspend = 1,
  /// Sources end as if their input did; everything downstream emits what it does at the end of its
  /// input, and the job ends as `finished`, for good. The savepoint holds what is left behind the
  /// end: who continues from it reads nothing and finishes at once.
  drain = 2,
};

/// What the state in a savepoint is written as.
enum class SavepointFormat : std::uint8_t {
  canonical = 1,  ///< rows, which do not depend on the backend
  /// The files of the backend: quick to write and to restore from for RocksDB. In memory, and where
  /// state is small, the same as `canonical`.
  native = 2,
};

}  // namespace weir
