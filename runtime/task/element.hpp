// What travels on a channel, in order: batches of records, and the marks between them.
#pragma once

#include "checkpoint/messages.hpp"

#include <weir/detail/batch.hpp>
#include <weir/detail/router.hpp>
#include <weir/detail/watermark.hpp>

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>
#include <vector>

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

/// Goes round an iteration whose input has ended, to find out whether records still do; see
/// end_of_input.hpp.
struct EndProbe {
  VertexId iteration = {};  // where it begins and ends
  std::uint64_t round = 0;
  bool is_busy = false;  // records have come back since the last one

  friend bool operator==(const EndProbe&, const EndProbe&) = default;
};

using detail::Watermark;

using Element = std::variant<detail::BatchRef, EncodedBatch, checkpoint::Barrier, CancelBarrier,
                             EndOfData, EndProbe, Watermark>;

/// An element with its place in its channel, from 1 without gaps. The place is how a receiver
/// notices that something was lost or repeated.
struct Frame {
  std::uint64_t sequence = 0;
  Element element;
};

/// A channel of encoded batches has so many times the credits: there a batch is a block of several.
constexpr std::uint32_t kBlockCredits = 2;

inline bool is_batch(const Element& element) {
  return element.index() <= 1;
}

/// Adds an element to a queue and returns true; or puts a watermark in the place of one that is the
/// last there, which then has nothing to say any more, and returns false: however long a queue does
/// not move, watermarks do not fill it.
template <class Queue>
bool enqueue(Queue& queue, Element element) {
  if (!queue.empty() && std::holds_alternative<Watermark>(element) &&
      std::holds_alternative<Watermark>(queue.back())) {
    queue.back() = std::move(element);
    return false;
  }
  queue.push_back(std::move(element));
  return true;
}

/// Whether barriers wait for their turn on such an edge whatever their mode: a record that goes to
/// all receivers, or to one fixed by where it was made, could not be brought to its receivers at
/// another parallelism (Flink forces alignment there, too).
inline bool is_held(detail::Partition partition) {
  return partition == detail::Partition::forward || partition == detail::Partition::broadcast;
}

/// Returns where the barrier of a checkpoint stands in a queue of elements, or its end.
template <class Queue>
auto find_barrier(Queue& queue, CheckpointId id) {
  return std::find_if(queue.begin(), queue.end(), [id](const Element& element) {
    const auto* barrier = std::get_if<checkpoint::Barrier>(&element);
    return barrier != nullptr && barrier->id == id;
  });
}

/// Returns the batches that stand in a queue ahead of a barrier, or all if it is not there. A batch
/// that is no bytes yet is shared by that, so nobody changes it any more.
template <class Queue>
std::vector<Element> batches_ahead(Queue& queue, CheckpointId id) {
  std::vector<Element> batches;
  std::copy_if(queue.begin(), find_barrier(queue, id), std::back_inserter(batches), is_batch);
  return batches;
}

/// Batches of one edge to one receiver that a barrier has overtaken, those of a channel in their
/// order: sent before it and handled behind it, they belong to its checkpoint.
struct OvertakenBatches {
  std::size_t edge = 0;        // index in Plan::edges
  std::uint32_t receiver = 0;  // index of the subtask to which they go
  state::ChannelSide side = state::ChannelSide::received;
  std::vector<Element> batches = {};
};

}  // namespace weir::runtime
