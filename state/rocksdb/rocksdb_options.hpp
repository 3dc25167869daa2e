// Options of the RocksDB state backend. Names of keys are Flink's, but for those of the row cache.
#pragma once

#include <cstdint>

namespace weir::state {

/// Sizes in bytes. Those of memory count for the whole process, whatever the number of states.
struct RocksDbOptions {
  /// state.backend.rocksdb.memory.managed-size: block cache and write buffers together.
  std::size_t memory = 256 << 20;
  /// state.backend.rocksdb.memory.write-buffer-ratio: how much of it write buffers may take.
  double write_buffer_ratio = 0.5;
  /// weir.state.rocksdb.row-cache-size: decoded rows in front of RocksDB, for each operator on each
  /// subtask.
  std::size_t row_cache = 64 << 20;
  /// How many timers of each time domain of an operator are in memory, the next ones; the others
  /// are in RocksDB alone. 0: the order of all is in memory
  /// (state.backend.rocksdb.timer-service.factory: HEAP).
  std::size_t timers_max = 8192;
  /// state.backend.rocksdb.thread.num: threads that flush and compact, for the process.
  int background_threads = 2;
  /// Files in memory instead of on disk; for simulations.
  bool in_memory = false;
};

}  // namespace weir::state
