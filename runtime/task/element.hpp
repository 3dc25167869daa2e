// What travels on a channel, in order: batches of records, and the marks between them.
#pragma once

#include "checkpoint/messages.hpp"

#include <weir/detail/batch.hpp>

#include <variant>

namespace weir::runtime {

/// A batch as bytes: on its way between processes, or when a test forces every edge through bytes.
struct EncodedBatch {
  Bytes bytes;
};

/// The checkpoint whose barrier would have come here is off.
struct CancelBarrier {
  CheckpointId id;
};

/// No more records will follow; barriers still may.
struct EndOfData {};

using Element =
    std::variant<detail::BatchRef, EncodedBatch, checkpoint::Barrier, CancelBarrier, EndOfData>;

/// An element with its place in its channel, from 1 without gaps. The place is how a receiver
/// notices that something was lost or repeated.
struct Frame {
  std::uint64_t sequence = 0;
  Element element;
};

inline bool is_batch(const Element& element) {
  return element.index() <= 1;
}

}  // namespace weir::runtime
