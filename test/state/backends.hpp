// The state backends that tests of state run on.
#pragma once

#include "base/random.hpp"
#include "state/rocksdb/rocksdb_backend.hpp"

#include <memory>
#include <string>

namespace weir::test {

enum class BackendKind { heap, rocksdb, tiny, queue };

/// Backends whose files are in memory. Must outlive what they open.
class Backends {
public:
  Backends();

  /// Null: rows in memory are all there is.
  detail::StateBackend* heap() { return nullptr; }
  detail::StateBackend* rocksdb() { return &rocksdb_; }
  /// Its rows and timers hardly fit anywhere: nearly each look at a key, and for the next timer,
  /// goes to RocksDB.
  detail::StateBackend* tiny() { return &tiny_; }
  /// The order of its timers is in memory.
  detail::StateBackend* queue() { return &queue_; }
  /// One of them; tests generate kinds, since pointers would outlive the object.
  detail::StateBackend* of(BackendKind kind);
  detail::StateBackend* draw(base::Random& random);

private:
  static state::RocksDbOptions options(std::size_t row_cache, std::size_t timers_max);
  state::RocksDbBackend::NewPath numbered();

  std::shared_ptr<state::RocksDbMemory> memory_;
  int opened_ = 0;
  state::RocksDbBackend rocksdb_;
  state::RocksDbBackend tiny_;
  state::RocksDbBackend queue_;
};

}  // namespace weir::test
