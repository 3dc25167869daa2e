#include "state/rocksdb/rocksdb_directory.hpp"

#include "base/files.hpp"
#include "base/paths.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace weir::state {
namespace {

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

Status status_of(const rocksdb::Status& status, const std::string& path, const char* what) {
  if (status.ok()) return {};
  const ErrorCode code = status.IsNoSpace()                               ? ErrorCode::out_of_space
                         : status.IsNotFound() || status.IsPathNotFound() ? ErrorCode::not_found
                                                                          : ErrorCode::unavailable;
  return {code, path + " cannot be " + what + ": " + status.ToString()};
}

class Writable final : public WritableFile {
public:
  Writable(std::unique_ptr<rocksdb::WritableFile> file, std::string path)
      : file_{std::move(file)}, path_{std::move(path)} {}

  Status append(std::string_view bytes) override {
    return status_of(file_->Append(slice(bytes)), path_, "written");
  }
  Status sync() override { return status_of(file_->Sync(), path_, "written"); }
  Status close() override { return status_of(file_->Close(), path_, "written"); }

private:
  std::unique_ptr<rocksdb::WritableFile> file_;
  std::string path_;
};

class Readable final : public ReadableFile {
public:
  Readable(std::unique_ptr<rocksdb::RandomAccessFile> file, std::string path)
      : file_{std::move(file)}, path_{std::move(path)} {}

  Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t capacity) override {
    rocksdb::Slice bytes;
    Status status = status_of(file_->Read(offset, capacity, &bytes, buffer), path_, "read");
    if (!status.ok()) return status;
    if (bytes.data() != buffer) std::string_view{bytes.data(), bytes.size()}.copy(buffer, capacity);
    return bytes.size();
  }

private:
  std::unique_ptr<rocksdb::RandomAccessFile> file_;
  std::string path_;
};

/// Options and logs are not needed to open a database again.
bool is_needed(std::string_view name) {
  return name == "CURRENT" || name.starts_with("MANIFEST-") || name.ends_with(".sst");
}

}  // namespace

void check_rocksdb(const rocksdb::Status& status, const std::string& directory, const char* what) {
  if (status.ok()) return;
  const bool is_damaged = status.IsCorruption();
  throw detail::StoreError{
      "the state in " + directory + " cannot be " + what + ": " + status.ToString() +
      (is_damaged ? "; its disk may be damaged: taskmanager.state.local.root-dirs names another"
                  : "; if its disk is full, taskmanager.state.local.root-dirs names another")};
}

RocksDbDirectory::RocksDbDirectory(std::shared_ptr<rocksdb::Env> env, std::string path)
    : env_{std::move(env)}, path_{std::move(path)} {}

/// A leftover is removed with its root.
RocksDbDirectory::~RocksDbDirectory() {
  std::vector<std::string> names;
  if (!env_->GetChildren(path_, &names).ok()) return;
  for (const std::string& name : names) (void)env_->DeleteFile(base::join_path(path_, name)).ok();
  (void)env_->DeleteDir(path_).ok();
}

Result<std::unique_ptr<WritableFile>> RocksDbDirectory::create(const std::string& name) {
  const std::string path = base::join_path(path_, name);
  Status status = status_of(env_->CreateDirIfMissing(path_), path_, "created");
  if (!status.ok()) return status;
  std::unique_ptr<rocksdb::WritableFile> file;
  status = status_of(env_->NewWritableFile(path, &file, rocksdb::EnvOptions{}), path, "created");
  if (!status.ok()) return status;
  return std::unique_ptr<WritableFile>{new Writable{std::move(file), path}};
}

Result<std::unique_ptr<ReadableFile>> RocksDbDirectory::open(const std::string& name) {
  const std::string path = base::join_path(path_, name);
  std::unique_ptr<rocksdb::RandomAccessFile> file;
  const Status status =
      status_of(env_->NewRandomAccessFile(path, &file, rocksdb::EnvOptions{}), path, "opened");
  if (!status.ok()) return status;
  return std::unique_ptr<ReadableFile>{new Readable{std::move(file), path}};
}

bool RocksDbDirectory::link(const std::string& path, const std::string& name) {
  return env_->CreateDirIfMissing(path_).ok() &&
         env_->LinkFile(path, base::join_path(path_, name)).ok();
}

void RocksDbDirectory::add_all(RocksDbDirectory& other) {
  for (const detail::StoreFile& file : other.files()) {
    if (file.is_immutable && link(base::join_path(other.path_, file.name), file.name)) continue;
    if (const Status status = copy_file(file.name, other); !status.ok())
      throw detail::StoreError{status.message()};
  }
}

Status RocksDbDirectory::copy_file(const std::string& name, RocksDbDirectory& from) {
  auto in = from.open(name);
  if (!in.ok()) return in.status();
  auto out = create(name);
  if (!out.ok()) return out.status();
  if (Status status = base::append_all(**in, **out); !status.ok()) return status;
  return (*out)->close();
}

std::vector<detail::StoreFile> RocksDbDirectory::files() const {
  std::vector<std::string> names;
  check_rocksdb(env_->GetChildren(path_, &names), path_, "read");
  std::vector<detail::StoreFile> files;
  for (const std::string& name : names) {
    if (!is_needed(name)) continue;
    detail::StoreFile file{name, 0, name.ends_with(".sst")};
    check_rocksdb(env_->GetFileSize(base::join_path(path_, name), &file.size), path_, "read");
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace weir::state
