// MemoryEnv: a file system in memory that knows what would survive a crash.
//
// It holds checkpoints of jobs that named no directory, and it is the disk of every simulation.
// What survives `crash()`: of a file, the bytes up to its last sync and possibly some after it; of
// a directory, its entries at its last sync and possibly the first few changes after it, in order.
// A rename from one directory to another survives in both or in neither. Parents of a directory
// that was created count as synced. Every method may be called from any thread.
#pragma once

#include "base/random.hpp"

#include <weir/env.hpp>

#include <map>
#include <mutex>
#include <set>

namespace weir::base {

/// See the file comment. Paths are taken as absolute whether or not they start with "/".
class MemoryEnv final : public Env {
public:
  MemoryEnv();
  ~MemoryEnv() override;

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

  /// Loses what a power cut would lose: all unsynced data, or a part of it drawn from `random`.
  /// Open files keep writing to nowhere.
  void crash(Random* random = nullptr);

private:
  struct Node;
  class Writable;
  class Readable;
  class Lock;
  using NodePtr = std::shared_ptr<Node>;

  NodePtr find(const std::string& path) const;
  NodePtr find_directory(const std::string& path) const;
  static void lose(Node& node, Random* random);

  mutable std::mutex mutex_;  // guards everything, including the nodes
  NodePtr root_;
  std::set<std::string> locks_;  // paths that are locked now
};

}  // namespace weir::base
