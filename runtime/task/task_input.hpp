// TaskInput: where a subtask's records come from: its input channels, or the splits of a source.
#pragma once

#include "checkpoint/aligner.hpp"
#include "runtime/task/element.hpp"

#include <optional>
#include <vector>

namespace weir::runtime {

/// What one step of a subtask's input came to. Everything else happens before `snapshot`.
struct InputStep {
  enum class Kind : std::uint8_t {
    worked,  // something was done; there may be more at once
    idle,    // nothing before another event
    wait,    // nothing before `wake_at`
    ended,   // all records have been taken in; said once
  };
  /// A checkpoint is off: those downstream are to be told. To be declined as well if there is a
  /// `reason`; otherwise the coordinator knows.
  struct Cancelled {
    CheckpointId id;
    std::optional<checkpoint::FailureReason> reason;
  };
  /// The barrier has come on all channels, or has overtaken: forward it and take a snapshot.
  struct Due {
    checkpoint::Barrier barrier;
    Duration start_delay;    // from the trigger to its first barrier
    Duration alignment;      // from the first barrier to the snapshot
    bool overtakes = false;  // an `Overtaken` follows
  };
  /// All that a barrier has overtaken on the input.
  struct Overtaken {
    CheckpointId id;
    std::vector<OvertakenBatches> batches;
  };

  Kind kind = Kind::idle;
  Duration wake_at{};  // monotonic, for `wait`
  std::vector<Cancelled> cancelled = {};
  std::optional<CheckpointId> aligning = {};  // its first barrier has come
  std::optional<Due> snapshot = {};
  std::optional<Overtaken> overtaken = {};  // to be handled after `snapshot`
  std::vector<EndProbe> probes = {};        // to be sent on
};

/// See the file comment. Functions that run user code may throw UserError.
class TaskInput {
public:
  virtual ~TaskInput() = default;

  /// Does one piece of work: a slice of a batch, a mark, a few polls.
  virtual Result<InputStep> step() = 0;

  /// Checkpoint `id` is off, says the coordinator; channels that it blocked go on. Returns whether
  /// those downstream are to be told now; if not, that waits for its barrier.
  virtual bool cancel(CheckpointId id) = 0;

  /// Records taken in so far.
  virtual std::uint64_t records() const = 0;
};

}  // namespace weir::runtime
