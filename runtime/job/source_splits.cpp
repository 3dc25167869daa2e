#include "runtime/job/source_splits.hpp"

#include "runtime/job/region_failover.hpp"

namespace weir::runtime {

SourceSplits::SourceSplits(const Plan& plan, RestorePlan& restore)
    : assigners_{make_assigners(plan, restore)} {
  if (!restarts_in_parts(plan)) return;
  for (const auto& [vertex, assigner] : assigners_) trackers_[vertex];
}

SplitAssigner::Answer SourceSplits::request(SubtaskId reader) {
  SplitAssigner::Answer answer = assigners_.at(reader.vertex).request(reader.index);
  if (const auto tracker = trackers_.find(reader.vertex); tracker != trackers_.end())
    tracker->second.on_handed_out(reader.index, answer.splits);
  return answer;
}

std::vector<checkpoint::RemainingSplits> SourceSplits::on_triggered(CheckpointId id) {
  for (auto& [vertex, tracker] : trackers_) tracker.on_triggered(id);
  std::vector<checkpoint::RemainingSplits> remaining;
  for (const auto& [vertex, assigner] : assigners_) remaining.push_back(assigner.remaining());
  return remaining;
}

void SourceSplits::on_completed(CheckpointId id) {
  for (auto& [vertex, tracker] : trackers_) tracker.on_completed(id);
}

void SourceSplits::take_back(const std::set<SubtaskId>& subtasks,
                             std::optional<CheckpointId> checkpoint) {
  for (const SubtaskId subtask : subtasks) {
    const auto tracker = trackers_.find(subtask.vertex);
    if (tracker == trackers_.end()) continue;
    auto splits = tracker->second.take_back(subtask.index, checkpoint);
    if (!splits.empty()) assigners_.at(subtask.vertex).put_back(subtask.index, std::move(splits));
  }
}

}  // namespace weir::runtime
