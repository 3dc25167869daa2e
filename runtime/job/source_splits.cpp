#include "runtime/job/source_splits.hpp"

#include "runtime/job/region_failover.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace weir::runtime {

SourceSplits::SourceSplits(const Plan& plan, RestorePlan& restore)
    : assigners_{make_assigners(plan, restore)} {
  if (!restarts_in_parts(plan)) return;
  for (const auto& [vertex, assigner] : assigners_) trackers_[vertex];
  if (!plan.graph().options.checkpoint.regional.enabled) return;
  for (const SubtaskId subtask : plan.subtasks()) {
    if (plan.is_source(subtask.vertex)) readers_.push_back(subtask);
  }
}

SplitAssigner::Answer SourceSplits::request(SubtaskId reader) {
  SplitAssigner::Answer answer = assigners_.at(reader.vertex).request(reader.index);
  if (const auto tracker = trackers_.find(reader.vertex); tracker != trackers_.end())
    tracker->second.on_handed_out(reader.index, answer.splits);
  return answer;
}

SplitsAtTrigger SourceSplits::on_triggered(CheckpointId id) {
  for (auto& [vertex, tracker] : trackers_) tracker.on_triggered(id);
  SplitsAtTrigger splits;
  for (const auto& [vertex, assigner] : assigners_)
    splits.remaining.push_back(assigner.remaining());
  for (const SubtaskId reader : readers_) {
    auto given = trackers_.at(reader.vertex).given_to(reader.index);
    if (!given.empty()) splits.given.emplace(reader, std::move(given));
  }
  return splits;
}

void SourceSplits::on_completed(CheckpointId id, const std::set<SubtaskId>& left_out) {
  for (auto& [vertex, tracker] : trackers_) {
    std::set<std::uint32_t> readers;
    for (const SubtaskId subtask : left_out) {
      if (subtask.vertex == vertex) readers.insert(subtask.index);
    }
    tracker.on_completed(id, readers);
  }
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

std::vector<checkpoint::RemainingSplits> remaining_without(const Plan& plan, SplitsAtTrigger splits,
                                                           const std::set<SubtaskId>& left_out) {
  for (const auto& [reader, given] : splits.given) {
    if (!left_out.contains(reader)) continue;
    const std::string& name = plan.op(plan.vertex(reader.vertex).operators[0]).name;
    const auto source =
        std::find_if(splits.remaining.begin(), splits.remaining.end(),
                     [&](const auto& remaining) { return remaining.operator_name == name; });
    // Other checkpoints share the list.
    auto all = std::make_shared<std::vector<state::SplitPosition>>(given);
    all->insert(all->end(), source->all->begin() + static_cast<std::ptrdiff_t>(source->next),
                source->all->end());
    source->all = std::move(all);
    source->next = 0;
  }
  return std::move(splits.remaining);
}

}  // namespace weir::runtime
