// Options of a job. Every field has a default; the command line and configuration files set the
// same options by Flink's names (docs/reference/options.md).
#pragma once

#include <weir/time.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>

namespace weir {

/// What happens to records that were in flight when the job failed.
enum class Guarantee : std::uint8_t {
  at_least_once,  ///< each counts at least once; barriers never hold a channel back
  exactly_once,   ///< each counts exactly once; barriers are aligned
};

/// Whether the last checkpoints stay on disk when the job is cancelled. A job that fails keeps them
/// always; a job that finishes needs none and deletes them.
enum class Retention : std::uint8_t { delete_on_cancellation, retain_on_cancellation };

/// How long a single write of a checkpoint is tried again whose failure may pass: a file of state,
/// the metadata, the id. Then it costs its checkpoint.
struct WriteRetryOptions {
  /// From the first failure until the last attempt begins; 0: nothing is tried again.
  Duration timeout = std::chrono::seconds{10};
  /// Pause before the second attempt, above 0; each one doubles it, less a part at random.
  Duration initial_backoff = std::chrono::milliseconds{100};
  Duration max_backoff = std::chrono::seconds{2};  ///< not below `initial_backoff`
};

/// Whether a checkpoint of a job of several regions may complete without some of them.
struct RegionalOptions {
  bool enabled = false;
  /// How large a part of the regions may be missing, from 0 to 1; never all of them.
  double max_failure_ratio = 0.3;
  /// How many may complete so one after the other; then one needs all regions. At least 1.
  int max_consecutive = 2;
};

/// When and where checkpoints are taken.
struct CheckpointOptions {
  /// Time between the triggers of two checkpoints; 0 takes only the one at the end of the input.
  Duration every{};
  /// Weir chooses that time while the job runs, from what checkpoints cost and how often the job
  /// fails; `every`, above 0, is what it begins with.
  bool auto_interval = false;
  Guarantee guarantee = Guarantee::exactly_once;
  /// A checkpoint that takes longer is given up.
  Duration timeout = std::chrono::minutes{10};
  /// Least time between the end of one checkpoint and the trigger of the next.
  Duration min_pause{};
  /// How many may be under way at once; `min_pause` above 0 makes it 1.
  int max_concurrent = 1;
  /// How many may fail one after the other before the job fails.
  int tolerable_failures = 0;
  /// While a source reads a backlog (`SplitReader::is_backlog`), instead of `every`; 0: no periodic
  /// checkpoints then. Unset: the same.
  std::optional<Duration> every_during_backlog = {};
  /// Directory, with or without "file://"; empty keeps them in memory, where they survive the death
  /// of actors but not of the process.
  std::string storage = {};
  /// Directory of savepoints for which nobody names one, with or without "file://".
  std::string savepoints = {};
  Retention retention = Retention::retain_on_cancellation;
  /// How many completed checkpoints are kept.
  int retained = 1;
  /// State of a subtask up to this many bytes is stored with the metadata, not in a file.
  int inline_threshold = 20'000;
  /// State in RocksDB is written as its files, each of them once; false writes all rows each time.
  bool incremental = true;
  /// Rows of state are compressed when they are written, by zstd.
  bool compress_snapshots = false;
  /// Barriers overtake the records that wait in channels, which become part of the checkpoint: it
  /// takes no longer when sinks are slow. Needs exactly-once and one checkpoint at a time.
  /// Savepoints stay aligned, and so do channels that forward and broadcast.
  bool unaligned = false;
  /// With `unaligned`: how long after the trigger barriers wait for their turn before they
  /// overtake; 0: not at all.
  Duration aligned_timeout{};
  /// The checkpoint with this id is restored without the records that its barriers overtook: they
  /// are lost. 0: none is.
  int without_channel_state = 0;
  WriteRetryOptions write_retry = {};
  RegionalOptions regional = {};
};

/// Where the state of operators lives while the job runs.
enum class StateBackendType : std::uint8_t {
  hashmap,  ///< in memory
  rocksdb,  ///< in RocksDB on the process's local disk, with a cache of rows in memory
};

/// Where the order of timers is that belong to state in RocksDB.
enum class TimerOrder : std::uint8_t {
  heap,     ///< in memory: faster, and some 30 bytes for each timer
  rocksdb,  ///< in RocksDB, but for the timers that fire next
};

/// Memory and threads of the RocksDB backend. Those of all but the row cache and the timers count
/// for a process as a whole; the first job that uses RocksDB there fixes them.
struct RocksDbOptions {
  std::int64_t memory_bytes = 256 << 20;    ///< block cache and write buffers together
  double write_buffer_ratio = 0.5;          ///< how much of it write buffers may take, 0 to 1
  std::int64_t row_cache_bytes = 64 << 20;  ///< rows in memory, of each operator on each subtask
  int threads = 2;                          ///< that write and compact files
  TimerOrder timers = TimerOrder::rocksdb;
};

/// Whether checkpoints hold of keyed state in memory only what has changed since the one before:
/// docs/concepts/state.md.
struct ChangelogOptions {
  bool enabled = false;
  /// All of the state is written anew, beside the checkpoints, when this has passed since it was;
  /// or earlier, when what has changed has become as large. Above 0.
  Duration materialize_interval = std::chrono::minutes{10};
  /// How many of these writes may fail one after the other before the subtask fails. At least 0.
  int max_failures = 3;
};

/// Where the state of operators lives.
struct StateOptions {
  StateBackendType backend = StateBackendType::hashmap;
  RocksDbOptions rocksdb = {};
  /// Each node keeps a second copy of the state that its subtasks write, and restores from it those
  /// that restart there. Of use where checkpoints lie far away.
  bool local_recovery = false;
  ChangelogOptions changelog = {};
};

/// What happens when a subtask fails.
namespace restart {

/// The job fails with it.
struct None {};

/// Up to `attempts` restarts, each after `delay`.
struct FixedDelay {
  int attempts = 1;
  Duration delay = std::chrono::seconds{1};
};

/// Restarts after `delay`; gives up when more than `max_failures` happen within `interval`.
struct FailureRate {
  int max_failures = 1;
  Duration interval = std::chrono::minutes{1};
  Duration delay = std::chrono::seconds{1};
};

/// Restarts after a delay that grows by `multiplier` from `initial` to `max`, varied by the
/// fraction `jitter`; begins anew when the job has run for `reset_after`.
struct ExponentialDelay {
  Duration initial = std::chrono::seconds{1};
  Duration max = std::chrono::minutes{1};
  double multiplier = 1.5;  ///< above 1
  Duration reset_after = std::chrono::hours{1};
  double jitter = 0.1;  ///< from 0 to 1
  int attempts_before_reset = std::numeric_limits<int>::max();
};

}  // namespace restart

using RestartStrategy = std::variant<restart::None, restart::FixedDelay, restart::FailureRate,
                                     restart::ExponentialDelay>;

namespace restart {
inline RestartStrategy none() {
  return None{};
}
inline RestartStrategy fixed_delay(FixedDelay options = {}) {
  return options;
}
inline RestartStrategy failure_rate(FailureRate options = {}) {
  return options;
}
inline RestartStrategy exponential(ExponentialDelay options = {}) {
  return options;
}
}  // namespace restart

/// Who restarts when a subtask fails.
enum class FailoverStrategy : std::uint8_t {
  region,  ///< those that are connected to it by channels; the others go on
  full,    ///< the whole job
};

/// What happens when a sink's store no longer knows a transaction that it was to commit.
enum class LostTransactions : std::uint8_t {
  fail,  ///< the job fails for good: its records are lost, and a restart would meet the same
  skip,  ///< the loss is logged and counted, and the job goes on
};

/// To whom the checkpoint or savepoint belongs that a job continues from by its path.
enum class ClaimMode : std::uint8_t {
  no_claim,  ///< to whoever named it: the job never deletes it
  claim,     ///< to the job, which deletes it once it needs it no more, like one of its own
};

/// Whether the batches that may wait in a channel are the fewer the slower its receiver is.
struct DebloatOptions {
  bool enabled = false;
  /// How long all that waits in the channels of a subtask should take it.
  Duration target = std::chrono::seconds{1};
  /// Between two samples of its speed.
  Duration period = std::chrono::milliseconds{200};
  int samples = 20;  ///< about so many decide, the newer ones more
  /// A number of batches changes only by at least so many percent of itself.
  int threshold_percent = 25;
};

/// How records travel between subtasks.
struct NetworkOptions {
  /// A batch that is not full leaves after this long at the latest.
  Duration buffer_timeout = std::chrono::milliseconds{100};
  /// Batches that may wait in one channel before its sender has to pause.
  int batches_per_channel = 8;
  /// How many batches may wait at a subtask of an iteration for their next round. More means that
  /// records multiply faster than they leave, and the job fails.
  int batches_per_iteration = 16'384;
  DebloatOptions debloat = {};
};

/// Options of a job.
struct JobOptions {
  int parallelism = 1;  ///< of operators that do not set their own
  /// Most subtasks a keyed operator may ever have; fixed when state is first written. 0 chooses.
  int max_parallelism = 0;
  CheckpointOptions checkpoint = {};
  StateOptions state = {};
  ClaimMode claim_mode = ClaimMode::no_claim;
  /// Unset: exponential delay when checkpoints are taken, else none.
  std::optional<RestartStrategy> restart = {};
  FailoverStrategy failover = FailoverStrategy::region;
  NetworkOptions network = {};
  /// Time between two watermarks of a stream; at least a millisecond.
  Duration watermark_interval = std::chrono::milliseconds{200};
  LostTransactions lost_transactions = LostTransactions::fail;
};

}  // namespace weir
