#include "simulation/process_env.hpp"

#include <utility>

namespace weir::simulation {

class ProcessEnv::Writable final : public WritableFile {
public:
  Writable(ProcessEnv& env, std::unique_ptr<WritableFile> file)
      : env_{env}, file_{std::move(file)} {}

  Status append(std::string_view bytes) override {
    Status status = env_.change();
    return status.ok() ? file_->append(bytes) : status;
  }
  Status sync() override {
    Status status = env_.change();
    return status.ok() ? file_->sync() : status;
  }
  Status close() override { return file_->close(); }

private:
  ProcessEnv& env_;
  std::unique_ptr<WritableFile> file_;
};

class ProcessEnv::Lock final : public FileLock {
public:
  Lock(ProcessEnv& env, std::uint64_t number) : env_{env}, number_{number} {}
  ~Lock() override {
    // When the process is dead nobody is there to unlock.
    if (!env_.has_ended_) env_.locks_.erase(number_);
  }

private:
  ProcessEnv& env_;
  std::uint64_t number_;
};

void ProcessEnv::end() {
  has_ended_ = true;
  locks_.clear();
}

void ProcessEnv::before_change(std::uint64_t n, std::function<void()> befall) {
  changes_left_ = n;
  befall_ = std::move(befall);
}

Status ProcessEnv::alive() const {
  if (has_ended_) return {ErrorCode::unavailable, "the process is dead"};
  if (!is_reachable_) return {ErrorCode::unavailable, "the disk cannot be reached"};
  return {};
}

Status ProcessEnv::change() {
  if (!has_ended_ && changes_left_ != 0 && --changes_left_ == 0) std::exchange(befall_, {})();
  return alive();
}

Result<std::unique_ptr<WritableFile>> ProcessEnv::create(const std::string& path) {
  if (Status status = change(); !status.ok()) return status;
  auto file = disk_.create(path);
  if (!file.ok()) return file.status();
  return std::unique_ptr<WritableFile>{new Writable{*this, std::move(file).value()}};
}

Result<std::unique_ptr<ReadableFile>> ProcessEnv::open(const std::string& path) {
  if (Status status = alive(); !status.ok()) return status;
  return disk_.open(path);
}

Result<FileInfo> ProcessEnv::stat(const std::string& path) {
  if (Status status = alive(); !status.ok()) return status;
  return disk_.stat(path);
}

Result<std::vector<DirectoryEntry>> ProcessEnv::list(const std::string& directory) {
  if (Status status = alive(); !status.ok()) return status;
  return disk_.list(directory);
}

Status ProcessEnv::create_directories(const std::string& directory) {
  Status status = change();
  return status.ok() ? disk_.create_directories(directory) : status;
}

Status ProcessEnv::create_directory(const std::string& directory) {
  Status status = change();
  return status.ok() ? disk_.create_directory(directory) : status;
}

Status ProcessEnv::rename(const std::string& from, const std::string& to) {
  Status status = change();
  return status.ok() ? disk_.rename(from, to) : status;
}

Status ProcessEnv::link(const std::string& from, const std::string& to) {
  Status status = change();
  return status.ok() ? disk_.link(from, to) : status;
}

Status ProcessEnv::remove_file(const std::string& path) {
  Status status = change();
  return status.ok() ? disk_.remove_file(path) : status;
}

Status ProcessEnv::remove_directory(const std::string& path) {
  Status status = change();
  return status.ok() ? disk_.remove_directory(path) : status;
}

Status ProcessEnv::sync_file(const std::string& path) {
  Status status = change();
  return status.ok() ? disk_.sync_file(path) : status;
}

Status ProcessEnv::sync_directory(const std::string& directory) {
  Status status = change();
  return status.ok() ? disk_.sync_directory(directory) : status;
}

Result<std::unique_ptr<FileLock>> ProcessEnv::lock(const std::string& path) {
  if (Status status = alive(); !status.ok()) return status;
  auto lock = disk_.lock(lock_domain_ + path);
  if (!lock.ok()) return lock.status();
  locks_.emplace(++locks_taken_, std::move(lock).value());
  return std::unique_ptr<FileLock>{new Lock{*this, locks_taken_}};
}

}  // namespace weir::simulation
