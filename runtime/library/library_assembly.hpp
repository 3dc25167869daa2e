// LibraryAssembly: puts a library together from its parts, which are asked for one after the other.
#pragma once

#include <weir/bytes.hpp>
#include <weir/result.hpp>

#include <cstdint>
#include <string>

namespace weir::runtime {

/// A part of a library: large enough that few are needed, small enough that heartbeats on the same
/// connection are not late.
inline constexpr std::size_t kLibraryPartBytes = 256U << 10U;

struct LibraryPart {
  std::uint64_t total = 0;  // bytes of the whole library
  Bytes bytes = {};         // from where it was asked on
};

/// See the file comment.
class LibraryAssembly {
public:
  /// `hash` is what the whole must have; it has up to `max_bytes`.
  LibraryAssembly(std::string hash, std::uint64_t max_bytes)
      : hash_{std::move(hash)}, max_bytes_{max_bytes} {}

  /// Where the next part begins.
  std::uint64_t next() const { return bytes_.size(); }
  /// Takes what was asked for. Errors name the library, and end the transfer: `invalid_argument` if
  /// it is too large, `corrupt` if the parts do not fit together.
  Status on_part(const LibraryPart& part);
  bool is_complete() const { return has_begun_ && bytes_.size() == total_; }
  /// Hands out the whole, which must be complete. `corrupt` if it has another hash.
  Result<Bytes> take();

private:
  std::string hash_;
  std::uint64_t max_bytes_;
  std::uint64_t total_ = 0;
  bool has_begun_ = false;
  Bytes bytes_;
};

/// The error for a library that has more bytes than may be.
Status library_too_large(std::uint64_t bytes, std::uint64_t max_bytes);

}  // namespace weir::runtime
