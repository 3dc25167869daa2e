// JobMetrics: what there is to measure of a job, of its subtasks and of their operators
// (docs/operating/metrics.md lists it). The actor of the job says what happens; any thread may
// look.
//
// Invariants
//  - What a subtask has said last counts until its next attempt has spoken, or all begin anew.
//  - What is behind it is not summed up: counters of subtasks begin anew with each attempt, as is
//    expected by those who collect them.
#pragma once

#include "base/ids.hpp"
#include "checkpoint/messages.hpp"
#include "runtime/job/checkpoint_history.hpp"
#include "runtime/job/metric_family.hpp"
#include "runtime/job/view.hpp"
#include "runtime/task/subtask_metrics.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace weir::runtime {

/// See the file comment.
class JobMetrics {
public:
  /// `labels` are those of all its samples: which job it is.
  explicit JobMetrics(MetricLabels labels) : labels_{std::move(labels)} {}

  /// All subtasks begin anew, as this attempt; what earlier ones still say counts no more.
  void on_execution(AttemptId attempt);
  /// `name` is that of the subtask's vertex.
  void on_subtask(const checkpoint::Speaker& from, const std::string& name, SubtaskMetrics metrics);
  void on_checkpoint(const CheckpointEntry& entry);
  void on_view(const JobView& view);

  /// Adds what it knows now.
  void add_to(MetricFamilies& families) const;

private:
  struct Subtask {
    AttemptId attempt = {};
    std::string name = {};
    SubtaskMetrics metrics = {};
  };
  /// How the last checkpoint that completed went.
  struct LastCheckpoint {
    CheckpointEntry entry;
    std::map<std::string, SubtaskSnapshot> snapshots;  // by subtask, "counts/0"
  };

  void add_job(MetricFamilies& families) const;
  void add_checkpoints(MetricFamilies& families) const;
  void add_subtask(const SubtaskId& id, const Subtask& subtask, MetricFamilies& families) const;
  void add_snapshot(const std::string& subtask, const MetricLabels& labels,
                    MetricFamilies& families) const;

  MetricLabels labels_;
  mutable std::mutex mutex_;  // of all that follows
  AttemptId execution_ = {};
  std::map<SubtaskId, Subtask> subtasks_ = {};
  std::set<CheckpointId> under_way_ = {};
  std::optional<LastCheckpoint> last_ = {};
  JobView view_ = {};
};

}  // namespace weir::runtime
