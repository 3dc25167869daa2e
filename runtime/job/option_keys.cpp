#include "runtime/job/option_keys.hpp"

#include "base/text.hpp"
#include "runtime/job/option_setters.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace weir::runtime {
namespace {

using Setter = std::function<Status(JobOptions&, std::string_view)>;

using Entry = OptionEntry<JobOptions>;

using restart::ExponentialDelay;
using restart::FailureRate;
using restart::FixedDelay;
using restart::None;

/// The strategy of type S, made the job's if it is another.
template <class S>
S& strategy(JobOptions& options) {
  if (!options.restart || !std::holds_alternative<S>(*options.restart)) options.restart = S{};
  return std::get<S>(*options.restart);
}

std::string_view name_of(const RestartStrategy& strategy) {
  constexpr std::array<std::string_view, 4> kNames{"none", "fixed-delay", "failure-rate",
                                                   "exponential-delay"};
  static_assert(std::is_same_v<RestartStrategy,
                               std::variant<None, FixedDelay, FailureRate, ExponentialDelay>>);
  return kNames[strategy.index()];
}

/// Sets a parameter of strategy S, unless the job has another: it would have no effect.
template <class S>
Setter parameter(Setter set) {
  return [set = std::move(set)](JobOptions& options, std::string_view value) -> Status {
    if (!options.restart || std::holds_alternative<S>(*options.restart)) return set(options, value);
    return {ErrorCode::invalid_argument, "has no effect, since restart-strategy.type is " +
                                             std::string{name_of(*options.restart)} + "; set " +
                                             "restart-strategy.type=" + std::string{name_of(S{})} +
                                             " too, or leave it out"};
  };
}

enum class Strategy : std::uint8_t { none, fixed_delay, failure_rate, exponential_delay };

void choose(JobOptions& options, Strategy chosen) {
  switch (chosen) {
    case Strategy::none: strategy<None>(options); return;
    case Strategy::fixed_delay: strategy<FixedDelay>(options); return;
    case Strategy::failure_rate: strategy<FailureRate>(options); return;
    case Strategy::exponential_delay: strategy<ExponentialDelay>(options); return;
  }
}

template <class Field>
auto size(Field field) {
  return [field](JobOptions& options, std::string_view value) {
    const auto bytes = base::parse_size(value);
    if (bytes.ok()) field(options) = static_cast<std::int64_t>(*bytes);
    return bytes.status();
  };
}

std::vector<Entry> debloat_entries() {
  return {
      {{"taskmanager.network.memory.buffer-debloat.enabled", "bool", "false",
        "fewer batches may wait in a channel, the slower its receiver is"},
       setter_of([](JobOptions& o) -> bool& { return o.network.debloat.enabled; })},
      {{"taskmanager.network.memory.buffer-debloat.target", "duration", "1 s",
        "how long all that waits in the channels of a subtask should take it"},
       setter_of([](JobOptions& o) -> Duration& { return o.network.debloat.target; })},
      {{"taskmanager.network.memory.buffer-debloat.period", "duration", "200 ms",
        "time between two samples of a subtask's speed"},
       setter_of([](JobOptions& o) -> Duration& { return o.network.debloat.period; })},
      {{"taskmanager.network.memory.buffer-debloat.samples", "int", "20",
        "about so many samples decide, the newer ones more"},
       setter_of([](JobOptions& o) -> int& { return o.network.debloat.samples; })},
      {{"taskmanager.network.memory.buffer-debloat.threshold-percentages", "int", "25",
        "a number of batches changes only by at least so many percent of itself"},
       setter_of([](JobOptions& o) -> int& { return o.network.debloat.threshold_percent; })},
  };
}

std::vector<Entry> general_entries() {
  return {
      {{"parallelism.default", "int", "1", "subtasks of operators that do not say otherwise"},
       setter_of([](JobOptions& o) -> int& { return o.parallelism; })},
      {{"pipeline.max-parallelism", "int", "0",
        "most subtasks a keyed operator may ever have; fixed when state is first written; 0 "
        "chooses"},
       setter_of([](JobOptions& o) -> int& { return o.max_parallelism; })},
      {{"pipeline.auto-watermark-interval", "duration", "200 ms",
        "time between two watermarks of a stream"},
       setter_of([](JobOptions& o) -> Duration& { return o.watermark_interval; })},
      {{"execution.buffer-timeout.interval", "duration", "100 ms",
        "a batch that is not full leaves after this long at the latest"},
       setter_of([](JobOptions& o) -> Duration& { return o.network.buffer_timeout; })},
      {{"taskmanager.network.memory.buffers-per-channel", "int", "8",
        "batches that may wait in one channel before its sender pauses"},
       setter_of([](JobOptions& o) -> int& { return o.network.batches_per_channel; })},
      {{"weir.iteration.batches", "int", "16384",
        "batches that may wait at a subtask of an iteration for their next round"},
       setter_of([](JobOptions& o) -> int& { return o.network.batches_per_iteration; })},
      {{"weir.sink.lost-transactions", "word", "fail",
        "fail or skip: what to do when a sink's store no longer knows a prepared transaction"},
       word<LostTransactions>({{"fail", LostTransactions::fail}, {"skip", LostTransactions::skip}},
                              [](JobOptions& o, LostTransactions l) { o.lost_transactions = l; })},
      {{"state.backend.type", "word", "hashmap",
        "hashmap: state in memory; rocksdb: on local disk, with a cache in memory"},
       word<StateBackendType>(
           {{"hashmap", StateBackendType::hashmap}, {"rocksdb", StateBackendType::rocksdb}},
           [](JobOptions& o, StateBackendType type) { o.state.backend = type; })},
      {{"state.backend.rocksdb.memory.managed-size", "size", "256 MiB",
        "memory of a process's block cache and write buffers"},
       size([](JobOptions& o) -> std::int64_t& { return o.state.rocksdb.memory_bytes; })},
      {{"state.backend.rocksdb.memory.write-buffer-ratio", "number", "0.5",
        "how much of it write buffers may take"},
       setter_of([](JobOptions& o) -> double& { return o.state.rocksdb.write_buffer_ratio; })},
      {{"state.backend.rocksdb.thread.num", "int", "2",
        "threads of a process that write and compact files"},
       setter_of([](JobOptions& o) -> int& { return o.state.rocksdb.threads; })},
      {{"state.backend.rocksdb.timer-service.factory", "word", "ROCKSDB",
        "ROCKSDB or HEAP: where the order of timers is, in RocksDB or in memory"},
       word<TimerOrder>({{"ROCKSDB", TimerOrder::rocksdb}, {"HEAP", TimerOrder::heap}},
                        [](JobOptions& o, TimerOrder order) { o.state.rocksdb.timers = order; })},
      {{"weir.state.rocksdb.row-cache-size", "size", "64 MiB",
        "rows that each operator keeps in memory on each subtask"},
       size([](JobOptions& o) -> std::int64_t& { return o.state.rocksdb.row_cache_bytes; })},
      {{"state.changelog.enabled", "bool", "false",
        "checkpoints hold of state in memory what has changed since the one before"},
       setter_of([](JobOptions& o) -> bool& { return o.state.changelog.enabled; })},
      {{"state.changelog.periodic-materialize.interval", "duration", "10 min",
        "with a changelog: how long until all of the state is written anew, beside checkpoints"},
       setter_of(
           [](JobOptions& o) -> Duration& { return o.state.changelog.materialize_interval; })},
      {{"state.changelog.max-failures-allowed", "int", "3",
        "how many of these writes may fail one after the other before the subtask fails"},
       setter_of([](JobOptions& o) -> int& { return o.state.changelog.max_failures; })},
      {{"execution.state-recovery.claim-mode", "word", "NO_CLAIM",
        "NO_CLAIM or CLAIM: whether what the job continues from by its path becomes the job's own, "
        "which deletes it when it needs it no more"},
       word<ClaimMode>({{"NO_CLAIM", ClaimMode::no_claim}, {"CLAIM", ClaimMode::claim}},
                       [](JobOptions& o, ClaimMode mode) { o.claim_mode = mode; })},
      {{"execution.state-recovery.from-local", "bool", "false",
        "each node keeps a copy of the state that its subtasks write, and restores from it those "
        "that restart there"},
       setter_of([](JobOptions& o) -> bool& { return o.state.local_recovery; })},
  };
}

/// A duration, or "auto".
Status set_interval(JobOptions& options, std::string_view value) {
  constexpr Duration kFirst = std::chrono::minutes{1};  // until one has been measured
  CheckpointOptions& checkpoint = options.checkpoint;
  checkpoint.auto_interval = find_word({"auto"}, value).ok();
  if (!checkpoint.auto_interval) return read_option(value, checkpoint.every);
  checkpoint.every = kFirst;
  return {};
}

/// A duration, or "none".
Status set_backlog_interval(JobOptions& options, std::string_view value) {
  std::optional<Duration>& interval = options.checkpoint.every_during_backlog;
  interval.reset();
  if (find_word({"none"}, value).ok()) return {};
  return read_option(value, interval.emplace());
}

std::vector<Entry> checkpointing_entries() {
  const std::string prefix = "execution.checkpointing.";
  return {
      {{prefix + "interval", "duration", "0 ms",
        "time between the triggers of two checkpoints; 0 takes only the one at the end of the "
        "input; auto lets Weir choose"},
       set_interval},
      {{prefix + "interval-during-backlog", "duration", "none",
        "the same while a source reads a backlog; 0 takes no periodic checkpoints then; none makes "
        "no "
        "difference"},
       set_backlog_interval},
      {{prefix + "mode", "word", "EXACTLY_ONCE", "EXACTLY_ONCE or AT_LEAST_ONCE"},
       word<Guarantee>(
           {{"EXACTLY_ONCE", Guarantee::exactly_once}, {"AT_LEAST_ONCE", Guarantee::at_least_once}},
           [](JobOptions& o, Guarantee g) { o.checkpoint.guarantee = g; })},
      {{prefix + "timeout", "duration", "10 min", "a checkpoint that takes longer is given up"},
       setter_of([](JobOptions& o) -> Duration& { return o.checkpoint.timeout; })},
      {{prefix + "min-pause", "duration", "0 ms",
        "least time between the end of one checkpoint and the trigger of the next"},
       setter_of([](JobOptions& o) -> Duration& { return o.checkpoint.min_pause; })},
      {{prefix + "max-concurrent-checkpoints", "int", "1",
        "how many may be under way at once; min-pause above 0 makes it 1"},
       setter_of([](JobOptions& o) -> int& { return o.checkpoint.max_concurrent; })},
      {{prefix + "tolerable-failed-checkpoints", "int", "0",
        "how many may fail one after the other before the job fails"},
       setter_of([](JobOptions& o) -> int& { return o.checkpoint.tolerable_failures; })},
      {{prefix + "dir", "path", "", "where checkpoints are stored; empty: in memory"},
       [](JobOptions& o, std::string_view v) {
         o.checkpoint.storage = v;
         return Status{};
       }},
      {{prefix + "savepoint-dir", "path", "",
        "where savepoints go for which nobody names a target"},
       [](JobOptions& o, std::string_view v) {
         o.checkpoint.savepoints = v;
         return Status{};
       }},
      {{prefix + "data-inline-threshold", "int", "20000",
        "bytes of a subtask's state that are stored with the metadata instead of in a file"},
       setter_of([](JobOptions& o) -> int& { return o.checkpoint.inline_threshold; })},
      {{prefix + "incremental", "bool", "true",
        "write state in RocksDB as its files, each of them once; false writes all rows each time"},
       setter_of([](JobOptions& o) -> bool& { return o.checkpoint.incremental; })},
      {{prefix + "snapshot-compression", "bool", "false",
        "compress rows of state when they are written"},
       setter_of([](JobOptions& o) -> bool& { return o.checkpoint.compress_snapshots; })},
      {{prefix + "unaligned.enabled", "bool", "false",
        "barriers overtake records that wait in channels, which become part of the checkpoint"},
       setter_of([](JobOptions& o) -> bool& { return o.checkpoint.unaligned; })},
      {{prefix + "aligned-checkpoint-timeout", "duration", "0 ms",
        "with unaligned checkpoints: how long after the trigger barriers wait for their turn "
        "before they overtake"},
       setter_of([](JobOptions& o) -> Duration& { return o.checkpoint.aligned_timeout; })},
      {{"execution.state-recovery.without-channel-state.checkpoint-id", "int", "0",
        "the checkpoint that is restored without the records its barriers overtook, which are "
        "lost; 0: none"},
       setter_of([](JobOptions& o) -> int& { return o.checkpoint.without_channel_state; })},
      {{prefix + "num-retained", "int", "1", "how many completed checkpoints are kept"},
       setter_of([](JobOptions& o) -> int& { return o.checkpoint.retained; })},
      {{prefix + "externalized-checkpoint-retention", "word", "RETAIN_ON_CANCELLATION",
        "whether a cancelled job keeps its last checkpoints: RETAIN_ON_CANCELLATION, "
        "DELETE_ON_CANCELLATION or NO_EXTERNALIZED_CHECKPOINTS"},
       word<Retention>({{"RETAIN_ON_CANCELLATION", Retention::retain_on_cancellation},
                        {"DELETE_ON_CANCELLATION", Retention::delete_on_cancellation},
                        {"NO_EXTERNALIZED_CHECKPOINTS", Retention::delete_on_cancellation}},
                       [](JobOptions& o, Retention r) { o.checkpoint.retention = r; })},
  };
}

/// What checkpoints do when something fails.
std::vector<Entry> resilience_entries() {
  const std::string prefix = "execution.checkpointing.";
  return {
      {{prefix + "region.enabled", "bool", "false",
        "a checkpoint of a job of several regions may complete without some of them"},
       setter_of([](JobOptions& o) -> bool& { return o.checkpoint.regional.enabled; })},
      {{prefix + "region.max-failure-ratio", "number", "0.3",
        "how large a part of the regions may be missing in a checkpoint"},
       setter_of([](JobOptions& o) -> double& { return o.checkpoint.regional.max_failure_ratio; })},
      {{prefix + "region.max-consecutive-failures", "int", "2",
        "how many checkpoints may complete so one after the other; then one needs all regions"},
       setter_of([](JobOptions& o) -> int& { return o.checkpoint.regional.max_consecutive; })},
      {{prefix + "write-retry.timeout", "duration", "10 s",
        "how long a write of a checkpoint is tried again whose failure may pass; 0: not at all"},
       setter_of([](JobOptions& o) -> Duration& { return o.checkpoint.write_retry.timeout; })},
      {{prefix + "write-retry.initial-backoff", "duration", "100 ms",
        "pause before it is tried again, doubled each time"},
       setter_of(
           [](JobOptions& o) -> Duration& { return o.checkpoint.write_retry.initial_backoff; })},
      {{prefix + "write-retry.max-backoff", "duration", "2 s", "the longest pause"},
       setter_of([](JobOptions& o) -> Duration& { return o.checkpoint.write_retry.max_backoff; })},
  };
}

std::vector<Entry> restart_entries() {
  const std::string fixed = "restart-strategy.fixed-delay.";
  const std::string rate = "restart-strategy.failure-rate.";
  const std::string exponential = "restart-strategy.exponential-delay.";
  return {
      {{"jobmanager.execution.failover-strategy", "word", "region",
        "region or full: whether only subtasks that are connected to a failed one restart with it, "
        "or the whole job"},
       word<FailoverStrategy>(
           {{"region", FailoverStrategy::region}, {"full", FailoverStrategy::full}},
           [](JobOptions& o, FailoverStrategy f) { o.failover = f; })},
      {{"restart-strategy.type", "word", "exponential-delay",
        "none (or off, disable), fixed-delay, failure-rate or exponential-delay; without "
        "checkpoints the default is none"},
       word<Strategy>({{"none", Strategy::none},
                       {"off", Strategy::none},
                       {"disable", Strategy::none},
                       {"fixed-delay", Strategy::fixed_delay},
                       {"failure-rate", Strategy::failure_rate},
                       {"exponential-delay", Strategy::exponential_delay}},
                      choose)},
      {{fixed + "attempts", "int", "1", "how many restarts"},
       parameter<FixedDelay>(
           setter_of([](JobOptions& o) -> int& { return strategy<FixedDelay>(o).attempts; }))},
      {{fixed + "delay", "duration", "1 s", "time before each restart"},
       parameter<FixedDelay>(
           setter_of([](JobOptions& o) -> Duration& { return strategy<FixedDelay>(o).delay; }))},
      {{rate + "max-failures-per-interval", "int", "1",
        "more failures than this within the interval fail the job"},
       parameter<FailureRate>(
           setter_of([](JobOptions& o) -> int& { return strategy<FailureRate>(o).max_failures; }))},
      {{rate + "failure-rate-interval", "duration", "1 min", "the interval"},
       parameter<FailureRate>(setter_of(
           [](JobOptions& o) -> Duration& { return strategy<FailureRate>(o).interval; }))},
      {{rate + "delay", "duration", "1 s", "time before each restart"},
       parameter<FailureRate>(
           setter_of([](JobOptions& o) -> Duration& { return strategy<FailureRate>(o).delay; }))},
      {{exponential + "initial-backoff", "duration", "1 s", "time before the first restart"},
       parameter<ExponentialDelay>(setter_of(
           [](JobOptions& o) -> Duration& { return strategy<ExponentialDelay>(o).initial; }))},
      {{exponential + "max-backoff", "duration", "1 min", "most time before a restart"},
       parameter<ExponentialDelay>(setter_of(
           [](JobOptions& o) -> Duration& { return strategy<ExponentialDelay>(o).max; }))},
      {{exponential + "backoff-multiplier", "number", "1.5", "growth from restart to restart"},
       parameter<ExponentialDelay>(setter_of(
           [](JobOptions& o) -> double& { return strategy<ExponentialDelay>(o).multiplier; }))},
      {{exponential + "reset-backoff-threshold", "duration", "1 h",
        "running this long without failure begins anew"},
       parameter<ExponentialDelay>(setter_of(
           [](JobOptions& o) -> Duration& { return strategy<ExponentialDelay>(o).reset_after; }))},
      {{exponential + "jitter-factor", "number", "0.1", "random part of the delay"},
       parameter<ExponentialDelay>(setter_of(
           [](JobOptions& o) -> double& { return strategy<ExponentialDelay>(o).jitter; }))},
      {{exponential + "attempts-before-reset-backoff", "int", "2147483647",
        "restarts without a reset before the job fails"},
       parameter<ExponentialDelay>(setter_of([](JobOptions& o) -> int& {
         return strategy<ExponentialDelay>(o).attempts_before_reset;
       }))},
  };
}

std::vector<Entry> all_entries() {
  std::vector<Entry> entries = general_entries();
  for (auto* more : {debloat_entries, checkpointing_entries, resilience_entries, restart_entries}) {
    for (Entry& entry : more()) entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.key.key < b.key.key; });
  return entries;
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = all_entries();
  return all;
}

}  // namespace

const std::vector<OptionKey>& option_keys() {
  static const std::vector<OptionKey> keys = keys_of(entries());
  return keys;
}

Status set_option(JobOptions& options, std::string_view key, std::string_view value) {
  const Entry* entry = find_option(entries(), key);
  if (entry == nullptr) return no_such_option(key, option_keys());
  return entry->set(options, value).with_context(key);
}

}  // namespace weir::runtime
