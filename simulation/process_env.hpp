// ProcessEnv: what one process sees of a disk that it shares with others, as on a file server. What
// the process has written stays when it dies; what it still had to write is never written.
//
// Writes are on the server as soon as they are made: losing power loses no more than a kill.
#pragma once

#include <weir/env.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::simulation {

/// See the file comment. The disk outlives it.
class ProcessEnv final : public Env {
public:
  explicit ProcessEnv(Env& disk) : disk_{disk} {}

  /// The process is dead: everything is refused from now on.
  void end() { has_ended_ = true; }
  /// The process dies just before its n-th change from now (1: the next one; 0: it lives). `died`
  /// is called then and must not destroy this object.
  void end_before_change(std::uint64_t n, std::function<void()> died);

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;
  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override;
  Result<FileInfo> stat(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override;
  Status create_directories(const std::string& directory) override;
  Status create_directory(const std::string& directory) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove_file(const std::string& path) override;
  Status remove_directory(const std::string& path) override;
  Status sync_file(const std::string& path) override;
  Status sync_directory(const std::string& directory) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

private:
  class Writable;

  Status alive() const;
  /// Counts a change; an error if it must not happen.
  Status change();

  Env& disk_;
  bool has_ended_ = false;
  std::uint64_t changes_left_ = 0;  // until it dies; 0: it does not
  std::function<void()> died_;
};

}  // namespace weir::simulation
