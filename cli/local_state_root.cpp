#include "cli/local_state_root.hpp"

#include "base/paths.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace weir::cli {

Result<std::string> private_temporary_root() {
  const char* set = std::getenv("TMPDIR");
  const std::string temporary = set != nullptr && *set != '\0' ? set : "/tmp";
  const std::string root = base::join_path(temporary, "weir-" + std::to_string(::getuid()));
  if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST)
    return Status{ErrorCode::unavailable, "cannot create " + root + ": " + std::strerror(errno)};
  struct stat found = {};
  const bool is_known = ::lstat(root.c_str(), &found) == 0;
  const bool is_private = is_known && S_ISDIR(found.st_mode) && found.st_uid == ::getuid() &&
                          (found.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  if (!is_private)
    return Status{ErrorCode::permission_denied,
                  root +
                      " is no directory that only this user can write to; remove it, or set "
                      "taskmanager.state.local.root-dirs"};
  return root;
}

bool needs_local_directory(const StateOptions& options,
                           const checkpoint::CheckpointMetadata* initial) {
  const auto has_files = [](const checkpoint::SubtaskPart& part) {
    return std::any_of(part.state.keyed.begin(), part.state.keyed.end(),
                       [](const auto& handle) { return handle.is_native(); });
  };
  return options.local_recovery || options.backend == StateBackendType::rocksdb ||
         (initial != nullptr &&
          std::any_of(initial->parts.begin(), initial->parts.end(), has_files));
}

std::unique_ptr<checkpoint::LocalDirectory> local_directory(const std::string& root,
                                                            const std::string& owner,
                                                            base::Logger& log) {
  const Result<std::string> place = root.empty() ? private_temporary_root() : Result{root};
  if (!place.ok()) {
    log.warn("no directory for local state", {{"error", place.status().message()}});
    return nullptr;
  }
  return std::make_unique<checkpoint::LocalDirectory>(Env::posix(), *place, owner);
}

}  // namespace weir::cli
