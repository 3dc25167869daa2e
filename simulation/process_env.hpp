// ProcessEnv: what one process sees of a disk that it shares with others, as on a file server. What
// the process has written stays when it dies; what it still had to write is never written.
//
// Writes are on the server as soon as they are made: losing power loses no more than a kill. But
// the server does not learn of it: what the machine had locked stays locked until it is back.
#pragma once

#include <weir/env.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::simulation {

/// See the file comment. The disk outlives it.
class ProcessEnv final : public Env {
public:
  /// Only processes of one `lock_domain` see each other's locks.
  explicit ProcessEnv(Env& disk, std::string lock_domain = {})
      : disk_{disk}, lock_domain_{std::move(lock_domain)} {}

  /// The process is dead: everything is refused from now on, and its locks are free.
  void end();
  /// The same by a power cut: its locks stay as long as this object.
  void lose_power() { has_ended_ = true; }
  /// Calls `befall` just before the n-th change from now (1: the next one; 0: never). It may end
  /// the process, but must not destroy this object.
  void before_change(std::uint64_t n, std::function<void()> befall);
  /// Whether the disk can be reached; if not, everything is answered with `unavailable`.
  void set_reachable(bool reachable) { is_reachable_ = reachable; }

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;
  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override;
  Result<FileInfo> stat(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override;
  Status create_directories(const std::string& directory) override;
  Status create_directory(const std::string& directory) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status link(const std::string& from, const std::string& to) override;
  Status remove_file(const std::string& path) override;
  Status remove_directory(const std::string& path) override;
  Status sync_file(const std::string& path) override;
  Status sync_directory(const std::string& directory) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

private:
  class Writable;
  class Lock;

  Status alive() const;
  /// Counts a change; an error if it must not happen.
  Status change();

  Env& disk_;
  std::string lock_domain_;
  bool has_ended_ = false;
  bool is_reachable_ = true;
  std::uint64_t changes_left_ = 0;  // until `befall_`; 0: nothing is to happen
  std::function<void()> befall_;
  std::uint64_t locks_taken_ = 0;
  std::map<std::uint64_t, std::unique_ptr<FileLock>> locks_;  // held; by their numbers
};

}  // namespace weir::simulation
