// What a running job can measure of itself, and what its operator wants: the input of `advise`.
#pragma once

#include <weir/time.hpp>

#include <cstdint>
#include <optional>

namespace weir::advisor {

/// Measurements of a job. Times are means over its last completed checkpoints, at least 0. What is
/// not known is left out; `advise` says what it takes instead, and how that bends the result.
struct Measured {
  // ---- one checkpoint ----

  /// Processing time that it takes away from the job: the slowest subtask's stall for alignment and
  /// for the synchronous part, plus what the job loses while state is written. Loss of the last
  /// kind: the drop of the highest rate of processing, times the time of writing.
  std::optional<Duration> cost = {};
  std::optional<Duration> duration = {};   ///< from the trigger until it is complete
  std::optional<Duration> alignment = {};  ///< longest among subtasks: first barrier to last
  std::optional<Duration> sync = {};       ///< longest among subtasks: processing stands still
  std::optional<Duration> upload = {};     ///< longest among subtasks: until its state is safe
  bool is_incremental = false;             ///< uploads only what has changed
  bool is_unaligned = false;               ///< barriers overtake records

  // ---- state ----

  std::optional<std::uint64_t> state_bytes = {};  ///< all of it, whatever a checkpoint uploads
  /// Bytes of state that change per second, each counted once per interval; >= 0. Bytes that an
  /// incremental checkpoint uploads, divided by the time since the one before.
  std::optional<double> changed_bytes_per_second = {};

  // ---- load and failures ----

  /// Rate of arrival / highest rate of processing, >= 0; above 1 the input grows. About the share
  /// of time in which the busiest subtask is not idle.
  std::optional<double> load = {};
  /// Mean time between failures of the whole job, above 0; see failure_rate.hpp.
  std::optional<Duration> mtbf = {};
  /// From a failure until records are processed again: detection, delay, deployment, restore.
  std::optional<Duration> restart = {};
};

/// What the interval must keep to.
struct Goals {
  /// After a failure no input waits any more, on average, within this time; above 0.
  std::optional<Duration> caught_up_within = {};
  /// Least time between the end of one checkpoint and the trigger of the next; >= 0.
  Duration min_pause{};
  /// Above 0. By default as long as batches wait to be full (execution.buffer-timeout.interval):
  /// results are not fresher with shorter ones.
  Duration shortest = std::chrono::milliseconds{100};
  /// At least `shortest`. By default an hour: sources must be able to go back as far, and sinks
  /// hold results back as long.
  Duration longest = std::chrono::hours{1};
};

}  // namespace weir::advisor
