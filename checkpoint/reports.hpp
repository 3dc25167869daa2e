// What is said of a checkpoint or savepoint when it has ended.
#pragma once

#include "checkpoint/pending.hpp"

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
};

/// How far a checkpoint or savepoint came, by subtask; for those who keep a history.
struct CheckpointRecord {
  struct Answer {
    SubtaskId subtask = {};
    SnapshotTimings timings = {};
    std::uint64_t state_bytes = 0;
  };
  CheckpointId id = {};
  CheckpointKind kind = CheckpointKind::periodic;
  WallTime triggered_at = {};  // none: it was not triggered
  Duration duration{};         // from then to its end
  std::uint32_t subtasks = 0;  // that had to answer
  std::vector<Answer> answers = {};
};

/// `now` is monotonic time.
CheckpointReport report_on(const PendingCheckpoint& pending, Duration now);
CheckpointRecord record_of(const PendingCheckpoint& pending, Duration now);

}  // namespace weir::checkpoint
