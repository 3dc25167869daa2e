// AutoInterval: the time between the checkpoints of a job that leaves it to Weir
// (execution.checkpointing.interval: auto). Pure; the job actor carries it, through all executions.
//
// It measures what checkpoints cost, how often the job fails and how long it takes to run again,
// and asks the advisor (checkpoint/advisor). The load is not measured: it is taken as full, which
// makes the interval shorter than it could be.
#pragma once

#include "runtime/job/checkpoint_history.hpp"
#include "runtime/job/job_machine.hpp"

#include <optional>

namespace weir::runtime {

/// See the file comment. `now` is monotonic time.
class AutoInterval {
public:
  explicit AutoInterval(const CheckpointOptions& options);

  /// The job is in this state, and has restarted so often; to be called whenever that changes.
  void on_job(JobState state, int restarts, Duration now);

  /// A checkpoint has ended, well or not.
  void on_checkpoint(CheckpointEntry entry) { history_.add(std::move(entry)); }

  /// The interval that was chosen last; at first that of the options.
  Duration current() const { return options_.every; }

  /// Chooses again, and returns the new interval if it differs by a tenth or more: less is not
  /// worth a change. Nothing is chosen before a checkpoint has completed.
  std::optional<Duration> reconsider(Duration now);

private:
  /// Time that is spent in one way, in spells.
  struct Spent {
    Duration before{};              // in spells that are over
    std::optional<Duration> since;  // when the present one began; none: there is none

    void begin(Duration now);
    void end(Duration now);
    Duration total(Duration now) const;
  };

  CheckpointOptions options_;  // `every` is what was chosen
  CheckpointHistory history_;
  Spent running_;
  Spent restarting_;
  int restarts_ = 0;
};

}  // namespace weir::runtime
