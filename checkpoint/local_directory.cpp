#include "checkpoint/local_directory.hpp"

#include "base/assert.hpp"
#include "base/files.hpp"
#include "base/paths.hpp"

#include <string_view>
#include <utility>

namespace weir::checkpoint {
namespace {

constexpr std::string_view kPrefix = "weir-local-";
constexpr const char* kLock = "lock";
constexpr int kMakeAttempts = 4;  // another process may clean up just then; more in a row do not

}  // namespace

LocalDirectory::LocalDirectory(Env& env, std::string root, std::string owner)
    : env_{env}, root_{std::move(root)}, owner_{std::move(owner)} {
  WEIR_ASSERT(owner_.find('/') == std::string::npos, "an owner is part of a file name");
}

void LocalDirectory::clean() {
  const auto entries = env_.list(root_);
  if (!entries.ok()) return;  // there is no root yet, or none that can be read
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.is_directory || !entry.name.starts_with(kPrefix)) continue;
    const std::string left = base::join_path(root_, entry.name);
    const auto lock = env_.lock(base::join_path(left, kLock));
    if (lock.ok()) (void)base::remove_tree(env_, left);
  }
}

Result<std::string> LocalDirectory::new_path(const std::string& name) {
  const std::lock_guard guard{mutex_};
  if (lock_ == nullptr) {
    if (Status status = make(); !status.ok()) return status;
  }
  return base::join_path(path_, std::to_string(++given_out_) + "-" + name);
}

void LocalDirectory::remove() {
  const std::lock_guard guard{mutex_};
  if (lock_ == nullptr) return;
  (void)base::remove_tree(env_, path_);
  lock_.reset();
}

/// Between its creation and the lock the directory looks like one that a dead process has left:
/// another process may hold its lock then, or have deleted it with the one that is held now.
Status LocalDirectory::make() {
  if (Status status = env_.create_directories(root_); !status.ok()) return status;
  Status status;
  for (int i = 0; i < kMakeAttempts; ++i) {
    const std::string suffix = i == 0 ? "" : "." + std::to_string(i);
    path_ = base::join_path(root_, std::string{kPrefix} + owner_ + suffix);
    status = env_.create_directory(path_);
    if (!status.ok() && status.code() != ErrorCode::already_exists) return status;
    if (!status.ok()) continue;
    auto lock = env_.lock(base::join_path(path_, kLock));
    status = lock.ok() ? env_.stat(path_).status() : lock.status();
    if (!status.ok()) continue;
    lock_ = std::move(lock).value();
    return {};
  }
  return status;
}

}  // namespace weir::checkpoint
