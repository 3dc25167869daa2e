// ByteStream: the content of a file from a position on, decompressed if it is compressed.
#pragma once

#include <weir/env.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace weir::files {

/// How a file is compressed, by its first bytes.
enum class Compression : std::uint8_t { none, gzip, zstd };

/// Looks at the beginning of a file.
Result<Compression> detect_compression(ReadableFile& file);

/// See the file comment. One thread at a time.
class ByteStream {
public:
  virtual ~ByteStream() = default;

  /// Reads up to `capacity` bytes; 0 at the end. `corrupt` if compressed data is damaged or cut
  /// off.
  virtual Result<std::size_t> read(char* buffer, std::size_t capacity) = 0;

  /// Opens `path` at `offset` of its (decompressed) content. A compressed file is read from its
  /// start to get there.
  static Result<std::unique_ptr<ByteStream>> open(Env& env, const std::string& path,
                                                  std::uint64_t offset);
};

}  // namespace weir::files
