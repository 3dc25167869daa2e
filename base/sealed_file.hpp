// SealedFile: bytes in memory that have a path, and that nobody can change any more.
//
// What was checked is what is loaded: between a look at a file on disk and its use others may
// replace it, and one that is cut short while it is mapped ends the process.
#pragma once

#include <weir/bytes.hpp>
#include <weir/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::base {

/// See the file comment. Read by any thread.
class SealedFile {
public:
  /// `name` is for people, who see it in the process's memory map. Errors: `unavailable`,
  /// `out_of_space`.
  static Result<std::shared_ptr<const SealedFile>> create(const std::string& name,
                                                          std::string_view bytes);
  ~SealedFile();
  SealedFile(const SealedFile&) = delete;
  SealedFile& operator=(const SealedFile&) = delete;

  /// Where this process finds it, as long as the object lives. Another may have the same path
  /// later.
  std::string path() const;
  std::uint64_t size() const { return size_; }
  /// Reads up to `capacity` bytes at `offset`; none at the end.
  Result<Bytes> read(std::uint64_t offset, std::size_t capacity) const;

private:
  SealedFile(int fd, std::uint64_t size) : fd_{fd}, size_{size} {}

  int fd_;
  std::uint64_t size_;
};

}  // namespace weir::base
