// EnvOver: passes every call on to another Env; a test overrides those that it changes.
#pragma once

#include <weir/env.hpp>

namespace weir::test {

/// See the file comment. `disk` must outlive it.
class EnvOver : public Env {
public:
  explicit EnvOver(Env& disk) : disk_{disk} {}

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    return disk_.create(path);
  }
  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    return disk_.open(path);
  }
  Result<FileInfo> stat(const std::string& path) override { return disk_.stat(path); }
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    return disk_.list(path);
  }
  Status create_directories(const std::string& path) override {
    return disk_.create_directories(path);
  }
  Status create_directory(const std::string& path) override { return disk_.create_directory(path); }
  Status rename(const std::string& from, const std::string& to) override {
    return disk_.rename(from, to);
  }
  Status link(const std::string& from, const std::string& to) override {
    return disk_.link(from, to);
  }
  Status remove_file(const std::string& path) override { return disk_.remove_file(path); }
  Status remove_directory(const std::string& path) override { return disk_.remove_directory(path); }
  Status sync_file(const std::string& path) override { return disk_.sync_file(path); }
  Status sync_directory(const std::string& path) override { return disk_.sync_directory(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return disk_.lock(path);
  }

protected:
  Env& disk_;
};

}  // namespace weir::test
