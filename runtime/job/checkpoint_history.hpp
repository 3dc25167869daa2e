// CheckpointHistory: how the checkpoints and savepoints of a job went: those under way, the last
// ones in detail, and what is usual. Pure; it outlives the executions of a job.
#pragma once

#include "checkpoint/coordinator.hpp"
#include "runtime/graph/plan.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::runtime {

/// How the snapshot of one subtask went.
struct SubtaskSnapshot {
  std::string subtask = {};  // "counts/0"
  checkpoint::SnapshotTimings timings = {};
  std::uint64_t state_bytes = 0;  // of all that the checkpoint holds of it
};

/// A checkpoint or savepoint that has ended, or is under way.
struct CheckpointEntry {
  CheckpointId id = {};
  checkpoint::CheckpointKind kind = checkpoint::CheckpointKind::periodic;
  std::string failure = {};  // why it came to nothing; empty: it is complete
  WallTime triggered_at = {};
  Duration duration{};                        // from the trigger to its end, or until now
  std::uint32_t subtasks = 0;                 // that had to answer
  std::vector<SubtaskSnapshot> answers = {};  // of those that did, in the order of the plan
  std::string waits_on = {};  // or waited, when last looked at; empty: it was never slow
  bool is_under_way = false;
  std::uint64_t write_retries = 0;         // of all its writes
  std::vector<std::string> left_out = {};  // it has no news of these, but what `taken_from` has
  CheckpointId taken_from = {};
  std::vector<std::string> missing = {};  // had not answered then; none: nobody has looked

  bool has_completed() const { return failure.empty() && !is_under_way; }
  /// Over all answers.
  std::uint64_t written_bytes() const;
  std::uint64_t state_bytes() const;
  std::uint64_t overtaken_bytes() const;
  /// Of each timing, the largest over all answers.
  checkpoint::SnapshotTimings slowest() const;
};

/// What is usual. Percentiles are those of values that occurred (nearest rank).
struct Spread {
  std::uint64_t least = 0;
  std::uint64_t average = 0;
  std::uint64_t most = 0;
  std::uint64_t p50 = 0;
  std::uint64_t p90 = 0;
  std::uint64_t p99 = 0;
  std::uint64_t p999 = 0;

  friend bool operator==(const Spread&, const Spread&) = default;
};

/// Of no values all is 0.
Spread spread_of(std::vector<std::uint64_t> values);

/// All that there is to show; a copy.
struct CheckpointStatistics {
  std::uint64_t completed = 0;  // checkpoints, of this job since the coordinator has it
  std::uint64_t failed = 0;
  std::uint64_t savepoints = 0;                 // complete
  std::uint64_t regional = 0;                   // of those completed, without some subtasks
  std::vector<CheckpointEntry> under_way = {};  // the newest first
  std::vector<CheckpointEntry> entries = {};    // the last ones that have ended, likewise
  /// Of the last complete checkpoints: "duration", "alignment", "sync", "async", "start delay" in
  /// nanoseconds, "written" and "state" in bytes. For each checkpoint the slowest subtask counts.
  std::map<std::string, Spread> usual = {};
};

/// Names the subtasks of what the coordinator says of a checkpoint.
CheckpointEntry entry_of(const checkpoint::CheckpointRecord& record, const std::string& failure,
                         const Plan& plan);
/// The same for one that is under way, of which `missing` have not answered.
CheckpointEntry entry_under_way(const checkpoint::CheckpointRecord& record,
                                const std::vector<SubtaskId>& missing, std::string waits_on,
                                const Plan& plan);

/// See the file comment.
class CheckpointHistory {
public:
  /// Takes the place of what was known of it while it was under way.
  void add(CheckpointEntry entry);
  /// The execution is over: nothing will be heard any more of what was under way.
  void forget_under_way() { under_way_.clear(); }
  /// What is under way has taken until `now`; without that, until it was last heard of.
  CheckpointStatistics statistics(std::optional<WallTime> now = std::nullopt) const;

private:
  static constexpr std::size_t kEntries = 10;    // in detail, as Flink has by default
  static constexpr std::size_t kSamples = 1000;  // for what is usual

  std::uint64_t completed_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t savepoints_ = 0;
  std::uint64_t regional_ = 0;
  std::map<CheckpointId, CheckpointEntry> under_way_;
  std::deque<CheckpointEntry> entries_;  // the newest first
  std::map<std::string, std::deque<std::uint64_t>> samples_;
};

}  // namespace weir::runtime
