// RowBlocks: puts encoded rows into the blocks of a stream, and notes where each key group lies.
#pragma once

#include "state/handle.hpp"
#include "state/state_file.hpp"

#include <weir/bytes.hpp>

#include <cstdint>

namespace weir::state {

/// See the file comment. Key groups come in ascending order; no block has rows of two.
class RowBlocks {
public:
  /// Adds to `handle` what was written to `file`; both must outlive the object.
  RowBlocks(StateFile& file, KeyedStateHandle& handle);

  /// The rows that follow belong to this key group.
  void begin_group(std::uint32_t group);
  /// Where the next row is encoded; `end_row` must follow.
  ByteWriter& row() { return payload_; }
  void end_row() {
    ++handle_.rows;
    if (payload_.size() >= kBlockBytes) close_block();
  }
  /// The first error, after which nothing is written.
  const Status& status() const { return status_; }

  /// Closes the last key group; returns `status`.
  Status finish();

private:
  static constexpr std::size_t kBlockBytes = 64 << 10;  // payload after which a block is closed

  void close_block();
  void close_group();

  StateFile& file_;
  KeyedStateHandle& handle_;
  ByteWriter payload_;
  Status status_;
  std::uint32_t group_ = 0;
  std::uint64_t group_begin_;  // in the stream
};

}  // namespace weir::state
