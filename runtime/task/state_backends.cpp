#include "runtime/task/state_backends.hpp"

#include <string>

namespace weir::runtime {

std::shared_ptr<detail::StateBackend> StateBackends::make(const StateOptions& options) {
  if (options.backend != StateBackendType::rocksdb) return nullptr;
  state::RocksDbOptions rocksdb{
      .memory = static_cast<std::size_t>(options.rocksdb.memory_bytes),
      .write_buffer_ratio = options.rocksdb.write_buffer_ratio,
      .row_cache = static_cast<std::size_t>(options.rocksdb.row_cache_bytes),
      .background_threads = options.rocksdb.threads,
      .in_memory = in_memory_};
  if (options.rocksdb.timers == TimerOrder::heap) rocksdb.timers_max = 0;
  const std::lock_guard guard{mutex_};
  if (memory_ == nullptr) memory_ = state::make_rocksdb_memory(rocksdb);
  return std::make_shared<state::RocksDbBackend>(
      rocksdb, memory_, [this](std::string_view name) { return new_path(name); });
}

Result<std::string> StateBackends::new_path(std::string_view operator_name) {
  const std::string name = std::string{operator_name} + ".rocksdb";
  if (directory_ != nullptr) return directory_->new_path(name);
  if (!in_memory_)
    return Status{ErrorCode::failed_precondition, "this process has no directory of its own"};
  const std::lock_guard guard{mutex_};
  return "/" + std::to_string(++given_out_) + "-" + name;
}

}  // namespace weir::runtime
