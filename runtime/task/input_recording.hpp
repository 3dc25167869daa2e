// InputRecording: what the barrier of a checkpoint overtakes on the input of a subtask, from the
// snapshot until the barrier has come on all channels.
#pragma once

#include "runtime/task/element.hpp"

#include <map>
#include <vector>

namespace weir::runtime {

/// See the file comment.
class InputRecording {
public:
  /// The subtask is number `self` of its vertex, with so many channels; none is recorded yet.
  InputRecording(CheckpointId id, std::uint32_t self, std::size_t channels)
      : id_{id}, self_{self}, is_open_(channels) {}

  CheckpointId id() const { return id_; }

  /// The barrier has not come on this channel: what does belongs to its checkpoint.
  void open(ChannelIndex channel) { is_open_[channel.value()] = true; }
  /// It has: what follows belongs to the next checkpoint.
  void close(ChannelIndex channel) { is_open_[channel.value()] = false; }

  /// Adds a batch of an edge, behind those of its channel that were added before.
  void add(std::size_t edge, Element batch);
  /// An element has arrived on a channel of an edge.
  void on_arrival(ChannelIndex channel, std::size_t edge, const Element& element);

  /// Returns all that was added, and has nothing afterwards.
  std::vector<OvertakenBatches> take();

private:
  CheckpointId id_;
  std::uint32_t self_;
  std::vector<bool> is_open_;                            // by channel
  std::map<std::size_t, std::vector<Element>> batches_;  // by edge
};

}  // namespace weir::runtime
