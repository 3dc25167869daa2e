// RocksDbBackend: the stores of one job's subtasks in one process, and the memory that they share
// with those of all other jobs of the process.
#pragma once

#include "state/rocksdb/rocksdb_options.hpp"

#include <weir/detail/backed_rows.hpp>
#include <weir/result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::state {

class RocksDbDirectory;

/// What RocksDB stores of a process share; made once.
class RocksDbMemory;

std::shared_ptr<RocksDbMemory> make_rocksdb_memory(const RocksDbOptions& options);

/// See the file comment. May be used from any thread. Its stores may outlive it.
class RocksDbBackend final : public detail::StateBackend {
public:
  /// Returns a path that nobody uses yet, whose parent exists, for the store of an operator.
  using NewPath = std::function<Result<std::string>(std::string_view operator_name)>;

  RocksDbBackend(const RocksDbOptions& options, std::shared_ptr<RocksDbMemory> memory,
                 NewPath new_path);
  ~RocksDbBackend() override;

  Opened open(std::string_view operator_name,
              const std::vector<detail::StoreColumn>& columns) override;
  std::unique_ptr<detail::StoreDirectory> make_directory(std::string_view operator_name) override;
  std::unique_ptr<detail::StoreDirectory> clone(detail::StoreDirectory& files,
                                                std::string_view operator_name) override;
  std::unique_ptr<detail::StoreView> read(std::unique_ptr<detail::StoreDirectory> directory,
                                          const std::vector<detail::StoreColumn>& columns) override;

private:
  std::vector<detail::StoreColumn> with_timers(std::vector<detail::StoreColumn> columns) const;

  RocksDbOptions options_;
  std::shared_ptr<RocksDbMemory> memory_;
  NewPath new_path_;
};

}  // namespace weir::state
