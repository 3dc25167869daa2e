// RocksDbDirectory: the files of one RocksDB database on the disk of its process.
#pragma once

#include <weir/detail/state_store.hpp>

#include <rocksdb/env.h>
#include <rocksdb/status.h>

#include <memory>
#include <string>

namespace weir::state {

/// Throws what went wrong with `directory` as a StoreError; `what` as in "cannot be opened".
void check_rocksdb(const rocksdb::Status& status, const std::string& directory, const char* what);

/// See the file comment. Nobody else uses `path`; it may not exist yet, its parent does. Whatever
/// is there in the end is deleted with this object.
class RocksDbDirectory final : public detail::StoreDirectory {
public:
  RocksDbDirectory(std::shared_ptr<rocksdb::Env> env, std::string path);
  ~RocksDbDirectory() override;

  Result<std::unique_ptr<WritableFile>> create(const std::string& name) override;
  Result<std::unique_ptr<ReadableFile>> open(const std::string& name) override;
  bool link(const std::string& path, const std::string& name) override;

  /// Adds what is needed of another database: by links where files never change. Throws StoreError.
  void add_all(RocksDbDirectory& other);

  /// Returns what is needed to open the database. Throws StoreError.
  std::vector<detail::StoreFile> files() const;
  const std::string& path() const { return path_; }

private:
  Status copy_file(const std::string& name, RocksDbDirectory& from);

  std::shared_ptr<rocksdb::Env> env_;
  std::string path_;
};

}  // namespace weir::state
