// RocksDbStore: the keyed state of one operator on one subtask in RocksDB, a column family for each
// declared state. Nothing in it outlives the process: it is made empty, and restored from a
// checkpoint, so there is no write-ahead log.
#pragma once

#include <weir/detail/state_store.hpp>

#include <rocksdb/db.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace weir::state {

/// See the file comment.
class RocksDbStore final : public detail::StateStore {
public:
  /// `directory` is empty or does not exist; it is removed with the store. Throws StoreError.
  RocksDbStore(const rocksdb::Options& options, std::string directory,
               const std::vector<detail::StoreColumn>& columns);
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

private:
  class Cursor;
  class View;

  void check(const rocksdb::Status& status, const char* what) const;
  rocksdb::ReadOptions read_options() const;

  std::string directory_;
  std::shared_ptr<std::atomic<std::int64_t>> now_;  // for the filters of expired values
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> columns_;
  const rocksdb::Snapshot* held_ = nullptr;
};

}  // namespace weir::state
