#include "runtime/library/library_cache.hpp"

#include "base/assert.hpp"
#include "base/files.hpp"
#include "base/paths.hpp"
#include "base/sha256.hpp"

#include <utility>

namespace weir::runtime {
namespace {

Status advise(Status status) {
  if (status.ok()) return status;
  return {status.code(), "cannot keep libraries of jobs: " + status.message() +
                             "; make room, or set weir.jobs.library-dir to a directory that this "
                             "process may write"};
}

}  // namespace

LibraryCache::LibraryCache(Env& env, std::string directory, std::string owner)
    : env_{env}, directory_{std::move(directory)}, owner_{std::move(owner)} {}

Result<std::unique_ptr<LibraryCache>> LibraryCache::open(Env& env, std::string directory,
                                                         std::string owner) {
  if (Status made = base::create_durable_directories(env, directory); !made.ok())
    return advise(std::move(made));
  std::unique_ptr<LibraryCache> cache{
      new LibraryCache{env, std::move(directory), std::move(owner)}};
  const std::string probe = base::join_path(cache->directory_, cache->owner_ + ".tmp");
  Status status = env.create(probe).status();
  if (status.ok()) status = env.remove_file(probe);
  if (!status.ok()) return advise(std::move(status));
  return cache;
}

Result<Bytes> LibraryCache::read(const std::string& hash) {
  WEIR_ASSERT(base::is_sha256(hash), "it is a part of a path");
  const std::string path = base::join_path(directory_, hash + ".so");
  auto bytes = base::read_file(env_, path);
  if (!bytes.ok()) return bytes.status();
  if (base::sha256(*bytes) == hash) return bytes;
  // Best effort: if it stays, it is found out again.
  (void)env_.remove_file(path);
  return Status{ErrorCode::corrupt, path + " is damaged: its content has another hash"};
}

Status LibraryCache::store(const std::string& hash, const Bytes& bytes) {
  WEIR_ASSERT(base::is_sha256(hash), "it is a part of a path");
  return advise(write(base::join_path(directory_, hash + ".so"), bytes));
}

/// Under a name of its own first: others may write the same library at this moment.
Status LibraryCache::write(const std::string& path, const Bytes& bytes) {
  const std::string temporary =
      base::join_path(directory_, owner_ + "-" + std::to_string(++writes_) + ".tmp");
  auto file = env_.create(temporary);
  if (!file.ok()) return file.status();
  Status status = (*file)->append(bytes);
  if (status.ok()) status = (*file)->sync();
  if (status.ok()) status = (*file)->close();
  if (status.ok()) status = env_.rename(temporary, path);
  if (status.ok()) return env_.sync_directory(directory_);
  (void)env_.remove_file(temporary);  // best effort: the error to report is the first one
  return status;
}

}  // namespace weir::runtime
