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
//   unaligned      The snapshot is taken as soon as barrier n has been seen anywhere in a queue
//                  of a channel. What lies ahead of it, and what comes on other channels before
//                  their barrier, has been overtaken and belongs to the checkpoint, too (Flink
//                  FLIP-76). Barriers of held channels do not overtake: they are waited for first,
//                  as if aligned.
//   feedback       A channel that closes a cycle is never waited for: its barrier comes only after
//                  the subtask has sent its own. What comes on it before is recorded as if it had
//                  been overtaken, in all modes (Carbone et al., section 4.2).
//   aligned, then  The first of these rules until `on_timeout`, from then on the last. A barrier
//   unaligned      that has overtaken elsewhere says so, and changes the rule here as well.
//
// Invariants
//  - Ids of snapshots that are asked for grow strictly; an older or repeated barrier changes
//    nothing.
//  - A checkpoint that is off takes no other with it: barriers of older ones may still be on their
//    way, so nothing is said of it downstream before its own barrier has come.
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
    Barrier barrier;     // unaligned if it is to overtake what waits behind this subtask
    Duration alignment;  // since the first barrier
    /// Channels where it has not had its turn: all that they hold ahead of it belongs to the
    /// checkpoint, and so does what comes on them before it. None: it has on all.
    std::vector<ChannelIndex> overtaken = {};
    friend bool operator==(const Snapshot&, const Snapshot&) = default;
  };

  std::vector<Aborted> aborted;           // decline these, and tell those downstream
  std::optional<CheckpointId> cancelled;  // tell those downstream; who declined it is known
  std::optional<CheckpointId> started;    // this barrier is the first of its checkpoint
  bool block_channel = false;             // take nothing more from the channel of this event
  bool unblock_all = false;               // all channels go on
  std::optional<Snapshot> snapshot;       // forward the barrier and take a snapshot now
  /// The barrier has been seen on all channels of a snapshot that did not wait for that: nothing of
  /// what it overtook is missing any more.
  std::optional<CheckpointId> recorded;

  friend bool operator==(const AlignerOutcome&, const AlignerOutcome&) = default;
};

/// What is special about a channel.
enum class ChannelKind : std::uint8_t {
  plain,
  held,      ///< no barrier overtakes here
  feedback,  ///< it closes a cycle: what it carries has passed through the subtask before
};

/// See the file comment. `now` is monotonic time, for measuring only.
class Aligner {
public:
  /// Makes an aligner for these channels, of which at least one is no feedback. With
  /// `at_least_once` it takes no notice of the modes of barriers, and there must be no feedback;
  /// else each barrier goes by its own.
  static std::unique_ptr<Aligner> make(BarrierMode mode, std::vector<ChannelKind> channels);

  virtual ~Aligner() = default;

  /// A barrier has joined the queue of a channel. To be called for those that may overtake, and for
  /// all on feedback channels. The answer never says to block.
  virtual AlignerOutcome on_announced(ChannelIndex channel, const Barrier& barrier,
                                      Duration now) = 0;

  /// A barrier has come to the head of a channel's queue.
  virtual AlignerOutcome on_barrier(ChannelIndex channel, const Barrier& barrier, Duration now) = 0;

  /// Barriers of this checkpoint wait no longer for their turn.
  virtual AlignerOutcome on_timeout(CheckpointId id, Duration now) = 0;

  /// Checkpoint `id` is off: a cancel marker has come to the head of a channel's queue, instead of
  /// its barrier.
  virtual AlignerOutcome on_cancel(ChannelIndex channel, CheckpointId id) = 0;

  /// Checkpoint `id` is off: the coordinator says so, whatever waits in the channels.
  virtual AlignerOutcome on_aborted(CheckpointId id) = 0;
};

}  // namespace weir::checkpoint
