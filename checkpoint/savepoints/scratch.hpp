// Scratch: room on the local disk for what programs do to savepoints: turning files of RocksDB into
// rows, and sorting.
#pragma once

#include "state/handle.hpp"
#include "state/rocksdb/rocksdb_backend.hpp"
#include "state/state_file.hpp"

#include <string>

namespace weir::savepoints {

/// A directory in TMPDIR, whatever disk the savepoint is on. It is given back with the object.
class Scratch {
public:
  static constexpr std::size_t kMemory = 64 << 20;

  struct Rows {
    state::KeyedStateHandle handle;  // with a stream
    state::StateReader reader;       // of that
  };

  /// `memory` is for caches and write buffers, in bytes.
  explicit Scratch(std::size_t memory = kMemory);
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  /// `unavailable` if there is no room, with the cure.
  Status status() const;

  /// Copies all of what `handle` names in `directory`. `corrupt` names the file.
  Result<Rows> rows_of(const state::KeyedStateHandle& handle, Env& env,
                       const std::string& directory);

  weir::detail::StateBackend& backend() { return backend_; }

private:
  std::string new_path();

  std::string path_;  // empty: it could not be made
  int given_out_ = 0;
  state::RocksDbBackend backend_;
};

}  // namespace weir::savepoints
