// What coordinator and subtasks tell each other about checkpoints. Plain values.
#pragma once

#include "base/ids.hpp"
#include "state/handle.hpp"

#include <weir/savepoint.hpp>
#include <weir/time.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::checkpoint {

/// Why a checkpoint is taken. On disk: do not change.
enum class CheckpointKind : std::uint8_t {
  periodic = 1,
  end_of_input = 2,  ///< all inputs have ended; commits what the last periodic one did not
  stop = 3,          ///< sources stop behind the barrier, and the job ends when it has completed
  savepoint = 4,     ///< somebody asked for a copy; commits nothing, and the job never restores it
  drain = 5,         ///< sources end before the barrier, and the job ends when it has completed
};

/// What a barrier does to the channels that it has reached and the others have not.
enum class BarrierMode : std::uint8_t {
  aligned = 1,                ///< holds them back: exactly once
  at_least_once = 2,          ///< nothing: records behind it may be counted twice
  unaligned = 3,              ///< overtakes their records and stores them
  aligned_then_unaligned = 4  ///< the first, and the third when that takes too long
};

/// A marker that flows through the channels and divides records before and after a checkpoint.
struct Barrier {
  CheckpointId id = {};
  WallTime triggered_at = {};
  CheckpointKind kind = CheckpointKind::periodic;
  BarrierMode mode = BarrierMode::aligned;
  std::string directory = {};  // of the savepoint that it takes; empty: a checkpoint of the job
  SavepointFormat format = SavepointFormat::canonical;  // of that

  friend bool operator==(const Barrier&, const Barrier&) = default;
};

/// Whether a barrier need not wait for its turn everywhere.
inline bool may_overtake(const Barrier& barrier) {
  return barrier.mode == BarrierMode::unaligned ||
         barrier.mode == BarrierMode::aligned_then_unaligned;
}

/// Somebody wants a savepoint: a copy of the job's state in a directory of its own.
struct SavepointRequest {
  std::string ticket = {};  // no two requests have the same
  std::string place = {};   // its directory is this, followed by "-" and the id
  CheckpointKind kind = CheckpointKind::savepoint;  // or the job ends behind it: stop, drain
  SavepointFormat format = SavepointFormat::canonical;
};

/// Where the time of a subtask's snapshot went.
struct SnapshotTimings {
  Duration start_delay{};             // from the trigger to the first barrier
  Duration alignment{};               // from the first barrier to the last
  Duration sync{};                    // processing stood still
  Duration async{};                   // from then until the state was safe
  std::uint64_t bytes = 0;            // that were written: not what earlier checkpoints have
  std::uint64_t overtaken_bytes = 0;  // of them, records that the barrier overtook
  std::uint64_t write_retries = 0;    // writes that were tried again, and how often

  /// Makes each of them the greater one of both.
  void raise_to(const SnapshotTimings& other) {
    start_delay = std::max(start_delay, other.start_delay);
    alignment = std::max(alignment, other.alignment);
    sync = std::max(sync, other.sync);
    async = std::max(async, other.async);
    bytes = std::max(bytes, other.bytes);
    overtaken_bytes = std::max(overtaken_bytes, other.overtaken_bytes);
    write_retries = std::max(write_retries, other.write_retries);
  }
  friend bool operator==(const SnapshotTimings&, const SnapshotTimings&) = default;
};

/// Which execution of which subtask is speaking.
struct Speaker {
  SubtaskId subtask = {};
  AttemptId attempt = {};

  friend auto operator<=>(const Speaker&, const Speaker&) = default;
};

/// A subtask's snapshot is safe.
struct Ack {
  CheckpointId id = {};
  Speaker from = {};
  state::SubtaskState state = {};
  SnapshotTimings timings = {};
};

/// Why a checkpoint came to nothing.
enum class FailureReason : std::uint8_t {
  trigger_failed,     ///< its place in the storage could not be prepared
  snapshot_failed,    ///< a subtask could not store its state
  expired,            ///< it took longer than the timeout
  publish_failed,     ///< its metadata could not be stored
  subsumed,           ///< a newer one completed first
  alignment_aborted,  ///< a barrier of a newer one arrived before all of its own
  tasks_not_running,  ///< a subtask was not running when it was to start
  task_failed,        ///< a subtask failed meanwhile
  job_stopping,       ///< the job is being stopped
};

/// Says in a sentence what the reason means.
std::string_view describe(FailureReason reason) noexcept;

/// Whether a checkpoint that failed for this reason counts against the tolerated number.
bool is_counted(FailureReason reason) noexcept;

/// A subtask could not take part in a checkpoint.
struct Decline {
  CheckpointId id = {};
  Speaker from = {};
  FailureReason reason = FailureReason::snapshot_failed;
  std::string detail = {};
};

}  // namespace weir::checkpoint
