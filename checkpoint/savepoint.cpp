#include "checkpoint/savepoint.hpp"

#include "base/files.hpp"
#include "base/paths.hpp"
#include "checkpoint/storage.hpp"

#include <utility>

namespace weir::checkpoint {
namespace {

constexpr const char* kMetadata = "_metadata";
constexpr const char* kCure =
    "; choose a target that exists on all machines of the job, with room, and that they may write";

Status advised(const Status& status, const std::string& what) {
  if (status.ok()) return status;
  return {status.code(), what + ": " + status.message() + kCure};
}

}  // namespace

std::string savepoint_place(const std::string& target, const std::string& job,
                            const std::string& run) {
  return base::join_path(strip_scheme(target), "savepoint-" + job + "-" + run);
}

Status create_savepoint(Env& env, const std::string& directory) {
  const std::string target = base::parent_of(directory);
  Status status = base::create_durable_directories(env, target);
  if (status.ok()) status = env.create_directory(directory);
  if (status.ok()) {
    status = env.sync_directory(target);
    if (!status.ok()) (void)env.remove_directory(directory);  // so that it can be tried again
  }
  return advised(status, "cannot create the savepoint " + directory);
}

Status publish_savepoint(Env& env, const std::string& directory,
                         const CheckpointMetadata& metadata) {
  // Whoever wrote a state file has synced it, but not its name: this does, at the latest.
  const Status status =
      base::replace_file(env, base::join_path(directory, kMetadata), encode_metadata(metadata));
  return advised(status, "cannot complete the savepoint " + directory);
}

Status delete_savepoint(Env& env, const std::string& directory) {
  const Status gone = env.remove_file(base::join_path(directory, kMetadata));
  if (!gone.ok() && gone.code() != ErrorCode::not_found) return gone;
  if (gone.ok()) {
    if (Status status = env.sync_directory(directory); !status.ok()) return status;
  }
  return base::remove_tree(env, directory);
}

}  // namespace weir::checkpoint
