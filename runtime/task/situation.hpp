// SubtaskSituation: how a subtask stands at one moment between two of its turns, for whoever wants
// to know what a job waits for (runtime/job/stall.hpp, runtime/job/deadlock.hpp). A plain value; it
// travels between processes.
#pragma once

#include "runtime/task/element.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::runtime {

/// A barrier that waits in a queue.
struct WaitingBarrier {
  CheckpointId id = {};
  std::uint32_t ahead = 0;    // batches ahead of it
  bool may_overtake = false;  // it need not wait for its turn

  friend bool operator==(const WaitingBarrier&, const WaitingBarrier&) = default;
};

/// The receiver's end of a channel.
struct InputSituation {
  std::uint64_t received = 0;  // frames so far
  std::uint32_t batches = 0;   // that are here: they wait, or one of them is being handled
  std::uint32_t owed = 0;      // credits that have not gone back yet
  bool is_blocked = false;     // by an alignment
  bool is_feedback = false;    // credits go back at once, and no alignment waits for it
  CheckpointId passed = {};    // the newest whose barrier, or cancellation, has left the queue
  std::vector<WaitingBarrier> barriers = {};

  friend bool operator==(const InputSituation&, const InputSituation&) = default;
};

/// The sender's end of a channel.
struct OutputSituation {
  std::uint64_t sent = 0;     // frames so far
  std::uint32_t credits = 0;  // that are left
  std::uint32_t window = 0;   // that it began with
  std::uint32_t waiting = 0;  // batches without a credit
  std::vector<WaitingBarrier> barriers = {};

  friend bool operator==(const OutputSituation&, const OutputSituation&) = default;
};

/// A snapshot that has been frozen, and not answered for.
struct SnapshotSituation {
  CheckpointId id = {};
  Duration age{};             // since it was frozen
  bool is_recording = false;  // something of what its barrier has overtaken is missing
};

/// What a subtask has done with its time lately.
struct TimeSpent {
  Duration busy{};            // with work, or with work to do and without a thread
  Duration back_pressured{};  // without credits
  Duration idle{};
  Duration longest_turn{};

  Duration total() const { return busy + back_pressured + idle; }
};

/// See the file comment. Channels are in the order of their indices.
struct SubtaskSituation {
  CheckpointId handled = {};  // the newest whose barrier, or cancellation, it has sent on
  std::optional<CheckpointId> aligning = {};  // whose barrier has come, but not on all channels
  bool overtakes_later = false;               // it waits for that only until a time is up
  bool emits_end = false;                     // what is due at the end of its input
  bool awaits_answers = false;                // to the requests that it has begun
  std::uint64_t records_in = 0;
  std::vector<InputSituation> inputs = {};
  std::vector<OutputSituation> outputs = {};
  std::vector<SnapshotSituation> snapshots = {};
  TimeSpent spent = {};
};

/// Returns the barriers in a queue of elements.
template <class Queue>
std::vector<WaitingBarrier> barriers_in(const Queue& queue) {
  std::vector<WaitingBarrier> barriers;
  std::uint32_t ahead = 0;
  for (const Element& element : queue) {
    if (is_batch(element))
      ++ahead;
    else if (const auto* barrier = std::get_if<checkpoint::Barrier>(&element))
      barriers.push_back({barrier->id, ahead, may_overtake(*barrier)});
  }
  return barriers;
}

/// Returns how many batches are in a queue of elements.
template <class Queue>
std::uint32_t batches_in(const Queue& queue) {
  return static_cast<std::uint32_t>(std::count_if(queue.begin(), queue.end(), is_batch));
}

}  // namespace weir::runtime
