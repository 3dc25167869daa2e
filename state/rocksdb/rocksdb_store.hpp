// RocksDbStore: the keyed state of one operator on one subtask in RocksDB, a column family for each
// declared state. Nothing in it outlives the process: it is made empty, and restored from a
// checkpoint, so there is no write-ahead log.
#pragma once

#include <weir/detail/state_store.hpp>

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <vector>

namespace weir::state {

/// See the file comment.
class RocksDbStore final : public detail::StateStore {
public:
  /// `directory` is empty or does not exist; it is removed with the store. Throws StoreError.
  RocksDbStore(const rocksdb::Options& options, std::string directory, std::size_t columns);
  ~RocksDbStore() override;

  bool get(std::size_t column, std::string_view key, std::string& value) override;
  void get_many(std::size_t column, const std::vector<std::string_view>& keys,
                std::vector<std::optional<std::string>>& values) override;
  std::unique_ptr<detail::StoreCursor> cursor(std::size_t column, std::string_view from) override;
  void write(const detail::StoreWrites& writes) override;
  void hold() override;
  void release() override;
  std::unique_ptr<detail::StoreView> view() override;

private:
  class Cursor;
  class View;

  void check(const rocksdb::Status& status, const char* what) const;
  rocksdb::ReadOptions read_options() const;

  std::string directory_;
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> columns_;
  const rocksdb::Snapshot* held_ = nullptr;
};

}  // namespace weir::state
