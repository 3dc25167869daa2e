// StateFile: where the keyed state of a subtask is written. Small amounts stay in memory, to be
// stored in the checkpoint's metadata, so that a thousand small subtasks do not make a thousand
// files.
//
// A stream is a sequence of blocks: length (4 bytes), CRC32C of the payload (4 bytes), payload. The
// highest bit of the length says that the payload is compressed.
#pragma once

#include "base/compression.hpp"

#include <weir/bytes.hpp>
#include <weir/env.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::state {

/// What becomes of blocks that are added.
enum class Compression : std::uint8_t {
  none,
  zstd,  // those that get smaller by it
};

/// Takes the blocks of one stream. One thread at a time.
class StateFile {
public:
  using Create = std::function<Result<std::unique_ptr<WritableFile>>()>;

  /// `create` makes the file; it is called only once more than `inline_threshold` bytes have been
  /// written.
  StateFile(Create create, std::size_t inline_threshold,
            Compression compression = Compression::none);
  /// `path` is created, and its missing directory is an error, likewise.
  StateFile(Env& env, std::string path, std::size_t inline_threshold,
            Compression compression = Compression::none);

  /// Adds a block of at most 1 GiB, else `invalid_argument`; returns its size in the stream.
  Result<std::uint64_t> add_block(std::string_view payload);

  /// Bytes added so far.
  std::uint64_t size() const { return size_; }

  /// Makes what was added durable, if it went to a file. Nothing may be added afterwards.
  Status finish();

  /// After `finish`: whether the stream is in `inlined()` instead of a file.
  bool is_inlined() const { return file_ == nullptr; }
  Bytes take_inlined() { return std::move(buffer_); }

private:
  Status spill();

  Create create_;
  std::unique_ptr<base::Compressor> compressor_;  // null: blocks stay as they are
  std::size_t inline_threshold_;
  std::uint64_t size_ = 0;
  Bytes packed_;  // a compressed block
  Bytes buffer_;  // added and not yet written to the file
  std::unique_ptr<WritableFile> file_;
};

/// Fills in where what was written to `file`, which is finished, lies: in `path`, or each part
/// inlined in the handle that has its offset.
template <class Handle>
void place_in(StateFile& file, const std::string& path, std::vector<Handle>& handles) {
  const Bytes stream = file.take_inlined();
  for (Handle& handle : handles) {
    if (!file.is_inlined()) {
      handle.path = path;
      continue;
    }
    handle.inlined = stream.substr(handle.offset, handle.size_bytes());
    handle.offset = 0;
  }
}

/// Reads blocks of a stream from a file or from memory, in order. One thread at a time.
class StateReader {
public:
  /// Reads from `bytes`, which must outlive the reader. `name` is for messages.
  StateReader(std::string_view bytes, std::string name);
  /// Reads from an open file.
  StateReader(std::unique_ptr<ReadableFile> file, std::string name);

  /// Goes to `offset`, where `size` bytes of blocks begin.
  void seek(std::uint64_t offset, std::uint64_t size);

  /// Where the next block begins in the stream.
  std::uint64_t offset() const { return offset_; }

  /// Whether all bytes announced to `seek` have been read.
  bool at_end() const { return left_ == 0; }

  /// Returns the payload of the next block, valid until the next call. `corrupt` names the file and
  /// the offset if the bytes are damaged or missing.
  Result<std::string_view> next_block();

private:
  Status fill(std::size_t size);
  Status damaged(const std::string& how) const;

  std::string name_;
  std::unique_ptr<ReadableFile> file_;  // null: everything is in bytes_
  std::string_view bytes_;
  std::optional<base::Decompressor> decompressor_;  // once it is needed
  Bytes plain_;                                     // a block that was compressed
  Bytes buffer_;              // read from the file, not yet returned from at_ on
  std::size_t at_ = 0;        // in buffer_ or bytes_
  std::uint64_t offset_ = 0;  // of at_ in the stream
  std::uint64_t left_ = 0;    // bytes from here to the end of what was sought
};

}  // namespace weir::state
