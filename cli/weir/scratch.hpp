// Scratch: room on the local disk to turn state that was written as files of RocksDB into rows.
#pragma once

#include "state/handle.hpp"
#include "state/rocksdb/rocksdb_backend.hpp"
#include "state/state_file.hpp"

#include <string>

namespace weir::cli {

/// See the file comment. The room is given back with the object.
class Scratch {
public:
  struct Rows {
    state::KeyedStateHandle handle;  // with a stream
    state::StateReader reader;       // of that
  };

  Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  /// Copies all of what `handle` names in `directory`. `corrupt` names the file.
  Result<Rows> rows_of(const state::KeyedStateHandle& handle, const std::string& directory);

private:
  std::string new_path();

  std::string path_;  // empty: it could not be made
  int given_out_ = 0;
  state::RocksDbBackend backend_;
};

}  // namespace weir::cli
