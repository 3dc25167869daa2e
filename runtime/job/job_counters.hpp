// JobCounters: what the subtasks of a job have counted, summed up for its view. Pure; the job actor
// carries it.
//
// Invariants
//  - What a subtask has said last counts until its next attempt has spoken.
//  - What a source has read, and a store has lost, is never forgotten: when an attempt is over it
//    moves to what was `before`.
#pragma once

#include "checkpoint/messages.hpp"
#include "runtime/job/view.hpp"
#include "runtime/task/subtask_metrics.hpp"

#include <cstdint>
#include <map>

namespace weir::runtime {

/// See the file comment.
class JobCounters {
public:
  /// All subtasks begin anew, as this attempt; what earlier ones still say counts no more.
  void on_execution(AttemptId attempt);

  /// `is_source`: whether this is a subtask of a source.
  void on_counters(const checkpoint::Speaker& from, const SubtaskCounters& counters,
                   bool is_source);

  /// Writes the sums into `view`.
  void show_in(JobView& view) const;

private:
  struct Known {
    AttemptId attempt;
    bool is_source = false;
    SubtaskCounters counters = {};
  };

  void move_to_before(const Known& known);

  AttemptId execution_;  // as which it began
  std::map<SubtaskId, Known> subtasks_;
  std::uint64_t read_before_ = 0;
  std::uint64_t transactions_lost_before_ = 0;
};

}  // namespace weir::runtime
