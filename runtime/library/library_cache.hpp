// LibraryCache: libraries of jobs in a directory, each named by its hash.
//
//   DIRECTORY/HASH.so
//
// Several processes may share the directory, on one machine or on many: a file appears as a whole,
// and nobody changes it. What was damaged is noticed when it is read, and removed.
#pragma once

#include <weir/bytes.hpp>
#include <weir/env.hpp>
#include <weir/result.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace weir::runtime {

/// See the file comment. May be used from any thread; blocks.
class LibraryCache {
public:
  /// Makes the directory if need be, and proves that files can be made there. `owner` names this
  /// process as no other is ever named. Errors name the directory and the option.
  static Result<std::unique_ptr<LibraryCache>> open(Env& env, std::string directory,
                                                    std::string owner);

  /// Returns a library. `not_found` if it is not there; `corrupt` if it was, with other content.
  Result<Bytes> read(const std::string& hash);

  /// Keeps a library, also across a crash. `bytes` must have that hash.
  Status store(const std::string& hash, const Bytes& bytes);

  const std::string& directory() const { return directory_; }

private:
  LibraryCache(Env& env, std::string directory, std::string owner);
  Status write(const std::string& path, const Bytes& bytes);

  Env& env_;
  std::string directory_;
  std::string owner_;
  std::atomic<std::uint64_t> writes_ = 0;
};

}  // namespace weir::runtime
