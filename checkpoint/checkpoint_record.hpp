// What the coordinator says of a checkpoint or savepoint to those who log, count or keep a history.
// Plain values.
#pragma once

#include "checkpoint/pending.hpp"

#include <cstdint>
#include <set>
#include <vector>

namespace weir::checkpoint {

/// How a finished checkpoint went; for logs and statistics.
struct CheckpointReport {
  CheckpointId id = {};
  CheckpointKind kind = CheckpointKind::periodic;
  Duration duration{};  // from trigger to published
  std::uint64_t bytes = 0;
  std::size_t subtasks = 0;
  SnapshotTimings slowest = {};  // of each timing, the largest over all subtasks
  bool is_final = false;         // every subtask had emitted everything: nothing follows
  /// It has completed without these; what it has of them is what `taken_from` had.
  std::set<SubtaskId> left_out = {};
  CheckpointId taken_from = {};
};

/// How far a checkpoint or savepoint has come, by subtask; for those who keep a history.
struct CheckpointRecord {
  struct Answer {
    SubtaskId subtask = {};
    SnapshotTimings timings = {};
    std::uint64_t state_bytes = 0;
  };
  CheckpointId id = {};
  CheckpointKind kind = CheckpointKind::periodic;
  WallTime triggered_at = {};  // none: it was not triggered
  Duration duration{};         // from then to its end, or until now
  std::uint32_t subtasks = 0;  // that had to answer
  std::vector<Answer> answers = {};
  std::uint64_t write_retries = 0;  // of its id and its metadata
  /// Without whom it was or is to complete; what it has of them is what `taken_from` had.
  std::vector<SubtaskId> left_out = {};
  CheckpointId taken_from = {};
};

/// One that is under way.
struct CheckpointProgress {
  enum class Stage : std::uint8_t {
    reserving,   ///< its place in the storage is being prepared
    collecting,  ///< subtasks answer
    publishing,  ///< its metadata is being written
  };
  Stage stage = Stage::reserving;
  CheckpointRecord record = {};
  std::vector<SubtaskId> missing = {};  // have not answered; some while it is `collecting`
};

/// Sums up a checkpoint that all subtasks have answered.
CheckpointReport report_on(const PendingCheckpoint& pending, Duration now);

CheckpointRecord record_of(const PendingCheckpoint& pending, Duration now);

}  // namespace weir::checkpoint
