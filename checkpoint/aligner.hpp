// Aligner: when may a subtask take its snapshot? One subtask's view of the barriers that arrive on
// its input channels, as a state machine without clock, thread or I/O.
//
// THE ALIGNMENT RULE (Carbone et al., "Lightweight Asynchronous Snapshots for Distributed
// Dataflows", 2015; Flink's CheckpointBarrierHandler):
//   aligned        The first barrier n blocks its channel: what follows it belongs to the next
//                  checkpoint. When every channel has delivered barrier n, the subtask takes its
//                  snapshot and all channels go on.
//   at least once  Nothing is blocked. The snapshot is taken when barrier n has arrived on every
//                  channel; it then holds some records that will be replayed.
//
// Invariants
//  - Ids of snapshots that are asked for grow strictly; an older or repeated barrier changes
//    nothing.
//  - Channels stay open until the job ends: one without records left still carries barriers.
//  - Whenever no alignment is under way, no channel is blocked.
#pragma once

#include "checkpoint/messages.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace weir::checkpoint {

/// What the subtask must do after an event, in the order of the fields.
struct AlignerOutcome {
  struct Aborted {
    CheckpointId id;
    FailureReason reason;
    friend bool operator==(const Aborted&, const Aborted&) = default;
  };
  struct Snapshot {
    Barrier barrier;
    Duration alignment;  // since the first barrier
    friend bool operator==(const Snapshot&, const Snapshot&) = default;
  };

  std::vector<Aborted> aborted;         // decline these
  std::optional<CheckpointId> started;  // this barrier is the first of its checkpoint
  bool block_channel = false;           // take nothing more from the channel of this event
  bool unblock_all = false;             // all channels go on
  std::optional<Snapshot> snapshot;     // forward the barrier and take a snapshot now

  friend bool operator==(const AlignerOutcome&, const AlignerOutcome&) = default;
};

/// See the file comment. `now` is monotonic time, for measuring only.
class Aligner {
public:
  /// Makes an aligner for `channels` channels, at least 1. `mode` must be `aligned` or
  /// `at_least_once`.
  static std::unique_ptr<Aligner> make(BarrierMode mode, std::size_t channels);

  virtual ~Aligner() = default;

  /// A barrier arrived on a channel.
  virtual AlignerOutcome on_barrier(ChannelIndex channel, const Barrier& barrier, Duration now) = 0;

  /// Checkpoint `id` is off: a cancel marker arrived on any channel, or the coordinator said so.
  virtual AlignerOutcome on_cancel(CheckpointId id) = 0;
};

}  // namespace weir::checkpoint
