// SimEnv: the disk of a simulated machine. It counts every operation that changes something, and
// can lose power before any of them, refuse some, be full, take its time or for ever, and say that
// it has synced what it has not.
#pragma once

#include "base/memory_env.hpp"
#include "base/random.hpp"

#include <weir/time.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::simulation {

/// Which operations go wrong.
struct DiskFault {
  enum class On : std::uint8_t { create, append, sync, rename, remove, any, any_but_remove };
  On on = On::any;
  std::string path_contains = {};           // empty: every path
  ErrorCode code = ErrorCode::unavailable;  // what they answer
  std::uint64_t times = 1;                  // how many of them
  std::uint64_t skip = 0;                   // after so many that go well
  enum class How : std::uint8_t {
    refuses,  // answers `code`
    hangs,    // never answers: throws WriteHangs
    is_slow,  // takes `time`, and goes well
  } how = How::refuses;
  Duration time = {};
  double chance = 1.0;  // that one of them, of those that are not skipped, goes wrong
  base::Random random{0};

  bool matches(On what, const std::string& path) const;
};

/// Thrown by an operation that never comes back, to end whatever waits for it.
struct WriteHangs {};

/// See the file comment. One thread at a time, like everything under simulation.
class SimEnv final : public Env {
public:
  SimEnv() = default;

  /// The machine loses power just before its n-th change from now (1: the next one).
  void crash_before_change(std::uint64_t n) { crash_at_ = changes_ + n; }
  bool has_crashed() const { return has_crashed_; }
  /// Power is back: what was not synced is lost, all or in part.
  void restart(base::Random& random);

  void inject(DiskFault fault) { faults_.push_back(std::move(fault)); }
  /// Such syncs of files say that they are done, and do nothing.
  void forget(DiskFault which) { forgotten_.push_back(std::move(which)); }
  void clear_faults() { faults_.clear(); }
  /// What lets time pass for slow operations.
  void set_clock(std::function<void(Duration)> let_pass) { let_pass_ = std::move(let_pass); }

  /// Changes so far.
  std::uint64_t changes() const { return changes_; }
  /// How often files whose path contains `part` were opened for reading.
  std::uint64_t opened(std::string_view part) const;
  /// The disk itself, for tests to look at and to prepare; not counted.
  base::MemoryEnv& disk() { return disk_; }

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

  /// Counts a change; an error if it must not happen.
  Status change(DiskFault::On on, const std::string& path);
  Status alive() const;
  static std::optional<DiskFault> take_fault(std::vector<DiskFault>& faults, DiskFault::On on,
                                             const std::string& path);

  base::MemoryEnv disk_;
  std::vector<DiskFault> faults_;
  std::vector<DiskFault> forgotten_;  // syncs of files that do nothing
  std::function<void(Duration)> let_pass_ = [](Duration) {};
  std::uint64_t changes_ = 0;
  std::map<std::string, std::uint64_t> opened_;  // how often, by path
  std::optional<std::uint64_t> crash_at_;
  bool has_crashed_ = false;
};

}  // namespace weir::simulation
