// Debloater: how many batches may wait in each channel of a subtask, so that all of them take it
// about a target time.
//
//   batches per channel = target / (time per batch * channels in use), from 2 to what is configured
//
// Time per batch is measured while there is input. Time without input does not count: it says
// nothing about how fast a queue moves. Time in which the subtask waits for credits of its own
// does: its queues do not move meanwhile either. So one that is fast enough gets all batches.
//
// Samples are taken at the ends of batches, since only then can credits be kept back; they are
// smoothed, and small changes are left out. Batches are small where records come seldom, and then
// take little time: they need no other unit. But 2 of them are the least: a record that takes
// longer than target / (2 * records per batch) leaves more waiting than the target.
#pragma once

#include <weir/options.hpp>

#include <cstdint>
#include <optional>

namespace weir::runtime {

/// See the file comment. `now` is monotonic time.
class Debloater {
public:
  /// Begins with `batches_max` batches per channel, at least 2, which is also the most.
  Debloater(const DebloatOptions& options, std::uint32_t batches_max);

  /// There is something to process from now on, or nothing.
  void note_input(bool has_input, Duration now);

  /// A batch has been processed. Returns whether a sample is due.
  bool note_batch(Duration now);

  /// Takes a sample. `in_use` counts channels with input; 0 counts as 1. Returns the number of
  /// batches per channel from now on, if it changes.
  std::optional<std::uint32_t> decide(Duration now, std::uint32_t in_use);

private:
  /// What has been done since the last sample.
  struct Sample {
    Duration began{};
    Duration busy{};  // up to `busy_since_`
    std::uint32_t batches = 0;
  };

  double goal(std::uint32_t in_use) const;
  double weight() const;
  bool is_worth_it(std::uint32_t batches) const;

  DebloatOptions options_;
  std::uint32_t most_;
  std::uint32_t batches_;  // per channel, as decided last
  double smoothed_;        // the same, before it is rounded
  Sample sample_;
  std::optional<Duration> busy_since_;  // none: there is no input
};

}  // namespace weir::runtime
