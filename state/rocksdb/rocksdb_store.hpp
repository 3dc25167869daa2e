// RocksDbStore: the keyed state of one operator on one subtask in RocksDB, a column family for each
// declared state. Nothing in it outlives the process: it is made empty, and restored from a
// checkpoint, so there is no write-ahead log.
#pragma once

#include "state/rocksdb/rocksdb_directory.hpp"

#include <weir/detail/state_store.hpp>

#include <rocksdb/db.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::state {

/// See the file comment.
class RocksDbStore final : public detail::StateStore {
public:
  /// Gives out a directory for a copy of the store.
  using MakeDirectory = std::function<std::unique_ptr<RocksDbDirectory>()>;

  /// Throws StoreError.
  RocksDbStore(const rocksdb::Options& options, std::unique_ptr<RocksDbDirectory> directory,
               MakeDirectory make_directory, std::vector<detail::StoreColumn> columns);
  ~RocksDbStore() override;

  bool get(std::size_t column, std::string_view key, std::string& value) override;
  void get_many(std::size_t column, const std::vector<std::string_view>& keys,
                std::vector<std::optional<std::string>>& values) override;
  std::unique_ptr<detail::StoreCursor> cursor(std::size_t column, std::string_view from) override;
  void write(const detail::StoreWrites& writes) override;
  void set_time(std::int64_t now) override { *now_ = now; }
  void hold() override;
  void release() override;
  std::unique_ptr<detail::StoreView> view() override;
  detail::StoreCopy copy() override;
  void adopt(std::unique_ptr<detail::StoreDirectory> directory) override;
  void add_sorted(std::size_t column, detail::StoreCursor& from, std::string_view end) override;
  void keep(std::string_view begin, std::string_view end) override;

private:
  class View;

  void open();
  void add_surplus(std::vector<rocksdb::ColumnFamilyDescriptor>& families) const;
  void drop_surplus();
  void close();
  void check(const rocksdb::Status& status, const char* what) const;
  void write_table(std::size_t column, detail::StoreCursor& from, std::string_view end,
                   const std::string& path) const;
  rocksdb::ReadOptions read_options() const;
  std::unique_ptr<detail::StoreCursor> cursor(const rocksdb::ReadOptions& options,
                                              std::size_t column, std::string_view from);

  std::unique_ptr<RocksDbDirectory> directory_;
  MakeDirectory make_directory_;
  std::vector<detail::StoreColumn> described_;
  std::shared_ptr<std::atomic<std::int64_t>> now_;  // for the filters of expired values
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> columns_;
  const rocksdb::Snapshot* held_ = nullptr;
};

/// Opens the copy of a store for reading. Throws StoreError.
std::unique_ptr<detail::StoreView> open_copy(const rocksdb::Options& options,
                                             std::unique_ptr<RocksDbDirectory> directory,
                                             const std::vector<detail::StoreColumn>& columns);

}  // namespace weir::state
