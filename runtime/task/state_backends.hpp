// StateBackends: makes the state backends of a process's jobs, and holds what they share.
#pragma once

#include "checkpoint/local_directory.hpp"
#include "state/rocksdb/rocksdb_backend.hpp"

#include <weir/options.hpp>

#include <memory>
#include <mutex>

namespace weir::runtime {

/// May be used from any thread. Must outlive what it makes.
class StateBackends {
public:
  /// Stores lie in `directory`, which must outlive the object; null: none can be opened.
  explicit StateBackends(checkpoint::LocalDirectory* directory) : directory_{directory} {}
  /// The files of stores are in memory, as simulations need it.
  struct InMemory {};
  explicit StateBackends(InMemory) : in_memory_{true} {}

  /// Returns the backend that `options` asks for; null: state is in memory. How much memory RocksDB
  /// may take in this process is fixed by the first job that uses it.
  std::shared_ptr<detail::StateBackend> make(const StateOptions& options);

private:
  Result<std::string> new_path(std::string_view operator_name);

  checkpoint::LocalDirectory* directory_ = nullptr;
  bool in_memory_ = false;
  std::mutex mutex_;  // guards what follows
  std::shared_ptr<state::RocksDbMemory> memory_;
  std::uint64_t given_out_ = 0;
};

}  // namespace weir::runtime
