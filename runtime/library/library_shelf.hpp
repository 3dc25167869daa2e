// LibraryShelf: the libraries that a process has, in memory and on disk.
//
// Each is verified when it comes into memory, and cannot be changed there. What lies on disk saves
// the way over the network, and survives the process; nothing that is in use depends on it.
#pragma once

#include "base/log.hpp"
#include "base/sealed_file.hpp"
#include "runtime/library/library_assembly.hpp"
#include "runtime/library/library_cache.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace weir::runtime {

/// See the file comment. May be used from any thread; blocks. `log` must outlive it.
class LibraryShelf {
public:
  LibraryShelf(std::unique_ptr<LibraryCache> cache, std::uint64_t max_bytes, base::Logger& log)
      : cache_{std::move(cache)}, max_bytes_{max_bytes}, log_{log} {}

  /// Returns a library. `not_found` if it is neither in memory nor, undamaged, on disk;
  /// `invalid_argument` if `hash` is none.
  Result<std::shared_ptr<const base::SealedFile>> find(const std::string& hash);

  /// Takes a library into memory and onto the disk. Having it already is no error. `corrupt` if it
  /// has another hash, otherwise the errors of the disk.
  Status add(const std::string& hash, const Bytes& bytes);

  /// Returns a part of a library for another process. Errors are those of `find`.
  Result<LibraryPart> part(const std::string& hash, std::uint64_t offset);

  /// How large a library may be.
  std::uint64_t max_bytes() const { return max_bytes_; }
  const std::string& directory() const { return cache_->directory(); }

private:
  Result<std::shared_ptr<const base::SealedFile>> keep(const std::string& hash, const Bytes& bytes);

  std::unique_ptr<LibraryCache> cache_;
  std::uint64_t max_bytes_;
  base::Logger& log_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const base::SealedFile>> files_;  // guarded by mutex_
};

}  // namespace weir::runtime
