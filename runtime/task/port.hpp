// SubtaskPort: everything a subtask asks of whoever carries it. The actor is one carrier, a unit
// test another.
#pragma once

#include "checkpoint/messages.hpp"
#include "runtime/task/output_gate.hpp"
#include "runtime/task/source_time.hpp"

#include <weir/chaos.hpp>

#include <functional>
#include <string>

namespace weir::runtime {

/// Why a subtask failed.
struct TaskFailure {
  enum class Kind : std::uint8_t {
    transient,       // a restart may help
    permanent,       // a restart would meet the same
    not_restorable,  // likewise: the state cannot be restored
  };
  std::string operator_name = {};  // empty: the engine itself
  std::string message = {};
  Kind kind = Kind::transient;
};

/// Thrown by a port to end the subtask without a trace, as a crash would; see FaultPoints.
struct Killed {};

/// See the file comment. Called only from the subtask's own turns.
class SubtaskPort : public FrameSender {
public:
  /// Sends credits back to the sender of an input channel.
  virtual void grant(ChannelIndex input, std::uint32_t credits) = 0;

  /// Asks the coordinator for more splits.
  virtual void request_splits() = 0;

  /// Says whether it reads a backlog, when that changes.
  virtual void reads_backlog(bool is_backlog) = 0;

  /// Tells the group that its watermarks are aligned with how far it is; Subtask::on_group_time
  /// answers. Either may be lost: it is told again.
  virtual void tell_time(const SourceTime& time) = 0;

  virtual void acknowledge(checkpoint::Ack ack) = 0;
  virtual void decline(checkpoint::Decline decline) = 0;

  /// All inputs have ended, and everything has been emitted.
  virtual void drained() = 0;
  /// Nothing is left to do: what was emitted last is committed.
  virtual void done() = 0;
  /// The store of a sink no longer knew transactions that were to be committed.
  virtual void lost_transactions(const std::string& operator_name, std::uint64_t count,
                                 const std::string& what) = 0;
  /// The subtask can do nothing more.
  virtual void failed(TaskFailure failure) = 0;

  /// Runs `work` off the actor threads, then `then` as one of the subtask's turns, unless it has
  /// ended before. `work` must not touch the subtask.
  virtual void run_blocking(std::function<void()> work, std::function<void()> then) = 0;

  /// Returns what makes `drive` be called soon. It may be called from any thread, at any time, also
  /// when the subtask and its port are gone; it does not block.
  virtual std::function<void()> waker() = 0;

  /// A write of checkpoint `id` has failed, `why` says how, and may go well when it is tried again:
  /// calls `again` after `pause` as one of the subtask's turns, unless it has ended before.
  virtual void retry_write(CheckpointId id, const Status& why, Duration pause,
                           std::function<void()> again) = 0;

  /// Whether messages are waiting that may bring input; if so, half-full batches wait as well.
  virtual bool has_mail() const = 0;

  /// A named moment has come; throws Killed if a chaos rule says so.
  virtual void reached(Phase phase, CheckpointId checkpoint) = 0;
  /// So many records have been taken in; throws Killed if a chaos rule says so.
  virtual void processed(std::uint64_t records) = 0;

  virtual Duration now() const = 0;  // monotonic
  virtual WallTime wall() const = 0;
};

}  // namespace weir::runtime
