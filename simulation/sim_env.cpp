#include "simulation/sim_env.hpp"

#include <utility>

namespace weir::simulation {

bool DiskFault::matches(On what, const std::string& path) const {
  const bool is_meant =
      on == what || on == On::any || (on == On::any_but_remove && what != On::remove);
  return is_meant && path.find(path_contains) != std::string::npos;
}

class SimEnv::Writable final : public WritableFile {
public:
  Writable(SimEnv& env, std::string path, std::unique_ptr<WritableFile> file)
      : env_{env}, path_{std::move(path)}, file_{std::move(file)} {}

  Status append(std::string_view bytes) override {
    Status status = env_.change(DiskFault::On::append, path_);
    return status.ok() ? file_->append(bytes) : status;
  }
  Status sync() override {
    Status status = env_.change(DiskFault::On::sync, path_);
    if (!status.ok() || take_fault(env_.forgotten_, DiskFault::On::sync, path_)) return status;
    return file_->sync();
  }
  Status close() override { return file_->close(); }

private:
  SimEnv& env_;
  std::string path_;
  std::unique_ptr<WritableFile> file_;
};

void SimEnv::restart(base::Random& random) {
  disk_.crash(&random);
  has_crashed_ = false;
  crash_at_.reset();
}

Status SimEnv::alive() const {
  if (!has_crashed_) return {};
  return {ErrorCode::unavailable, "the machine has lost power"};
}

Status SimEnv::change(DiskFault::On on, const std::string& path) {
  ++changes_;
  if (crash_at_ && changes_ >= *crash_at_) has_crashed_ = true;
  if (Status status = alive(); !status.ok()) return status;
  const auto fault = take_fault(faults_, on, path);
  if (!fault) return {};
  switch (fault->how) {
    case DiskFault::How::refuses:
      return {fault->code, "cannot change " + path + ": injected fault"};
    case DiskFault::How::hangs: throw WriteHangs{};
    case DiskFault::How::is_slow: let_pass_(fault->time); return {};
  }
  return {};
}

/// Returns the fault that such an operation meets now.
std::optional<DiskFault> SimEnv::take_fault(std::vector<DiskFault>& faults, DiskFault::On on,
                                            const std::string& path) {
  for (auto fault = faults.begin(); fault != faults.end(); ++fault) {
    if (!fault->matches(on, path)) continue;
    if (fault->skip != 0) {
      --fault->skip;
      continue;
    }
    if (fault->chance < 1 && !fault->random.chance(fault->chance)) continue;
    DiskFault met = *fault;
    if (--fault->times == 0) faults.erase(fault);
    return met;
  }
  return std::nullopt;
}

Result<std::unique_ptr<WritableFile>> SimEnv::create(const std::string& path) {
  if (Status status = change(DiskFault::On::create, path); !status.ok()) return status;
  auto file = disk_.create(path);
  if (!file.ok()) return file.status();
  return std::unique_ptr<WritableFile>{new Writable{*this, path, std::move(file).value()}};
}

Result<std::unique_ptr<ReadableFile>> SimEnv::open(const std::string& path) {
  if (Status status = alive(); !status.ok()) return status;
  ++opened_[path];
  return disk_.open(path);
}

std::uint64_t SimEnv::opened(std::string_view part) const {
  std::uint64_t times = 0;
  for (const auto& [path, count] : opened_) {
    if (path.find(part) != std::string::npos) times += count;
  }
  return times;
}

Result<FileInfo> SimEnv::stat(const std::string& path) {
  if (Status status = alive(); !status.ok()) return status;
  return disk_.stat(path);
}

Result<std::vector<DirectoryEntry>> SimEnv::list(const std::string& directory) {
  if (Status status = alive(); !status.ok()) return status;
  return disk_.list(directory);
}

Status SimEnv::create_directories(const std::string& directory) {
  Status status = change(DiskFault::On::create, directory);
  return status.ok() ? disk_.create_directories(directory) : status;
}

Status SimEnv::create_directory(const std::string& directory) {
  Status status = change(DiskFault::On::create, directory);
  return status.ok() ? disk_.create_directory(directory) : status;
}

Status SimEnv::rename(const std::string& from, const std::string& to) {
  Status status = change(DiskFault::On::rename, to);
  return status.ok() ? disk_.rename(from, to) : status;
}

Status SimEnv::link(const std::string& from, const std::string& to) {
  Status status = change(DiskFault::On::create, to);
  return status.ok() ? disk_.link(from, to) : status;
}

Status SimEnv::remove_file(const std::string& path) {
  Status status = change(DiskFault::On::remove, path);
  return status.ok() ? disk_.remove_file(path) : status;
}

Status SimEnv::remove_directory(const std::string& path) {
  Status status = change(DiskFault::On::remove, path);
  return status.ok() ? disk_.remove_directory(path) : status;
}

Status SimEnv::sync_file(const std::string& path) {
  Status status = change(DiskFault::On::sync, path);
  return status.ok() ? disk_.sync_file(path) : status;
}

Status SimEnv::sync_directory(const std::string& directory) {
  Status status = change(DiskFault::On::sync, directory);
  return status.ok() ? disk_.sync_directory(directory) : status;
}

Result<std::unique_ptr<FileLock>> SimEnv::lock(const std::string& path) {
  if (Status status = alive(); !status.ok()) return status;
  return disk_.lock(path);
}

}  // namespace weir::simulation
