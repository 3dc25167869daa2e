#include "runtime/job/watermark_groups.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {

WatermarkGroup::WatermarkGroup(const std::vector<SubtaskId>& members) {
  for (const SubtaskId member : members) members_[member] = {};
}

std::vector<WatermarkGroup::Answer> WatermarkGroup::on_told(SubtaskId member,
                                                            const SourceTime& time) {
  const auto at = members_.find(member);
  WEIR_ASSERT(at != members_.end(), "a subtask told its time to a group of others");
  at->second = time;
  return answer_waiting(member);
}

std::vector<WatermarkGroup::Answer> WatermarkGroup::on_failed(const std::set<SubtaskId>& subtasks) {
  for (auto& [member, time] : members_) {
    if (subtasks.contains(member)) time = {.counts = false};
  }
  return answer_waiting(std::nullopt);
}

void WatermarkGroup::on_restarted(SubtaskId subtask) {
  if (const auto at = members_.find(subtask); at != members_.end()) at->second = {};
}

std::optional<Timestamp> WatermarkGroup::least() const {
  std::optional<Timestamp> least;
  for (const auto& [member, time] : members_) {
    if (time.counts) least = std::min(least.value_or(time.time), time.time);
  }
  return least;
}

std::vector<WatermarkGroup::Answer> WatermarkGroup::answer_waiting(
    std::optional<SubtaskId> teller) {
  const std::optional<Timestamp> now = least();
  const bool has_moved = std::exchange(announced_, now) != now;
  std::vector<Answer> answers;
  for (const auto& [member, time] : members_) {
    if (time.counts && (member == teller || (has_moved && time.waits)))
      answers.push_back({member, *now});
  }
  return answers;
}

WatermarkGroups::WatermarkGroups(const Plan& plan) {
  std::map<std::string, std::vector<SubtaskId>> members;
  for (const SubtaskId subtask : plan.subtasks()) {
    for (const std::size_t op : plan.vertex(subtask.vertex).operators) {
      const std::string& group = plan.op(op).aligned_with;
      if (group.empty()) continue;
      members[group].push_back(subtask);
      group_of_[subtask.vertex] = group;
    }
  }
  for (const auto& [name, subtasks] : members) groups_.emplace(name, WatermarkGroup{subtasks});
}

std::vector<WatermarkGroup::Answer> WatermarkGroups::on_told(SubtaskId member,
                                                             const SourceTime& time) {
  return groups_.at(group_of_.at(member.vertex)).on_told(member, time);
}

std::vector<WatermarkGroup::Answer> WatermarkGroups::on_failed(
    const std::set<SubtaskId>& subtasks) {
  std::vector<Answer> answers;
  for (auto& [name, group] : groups_) {
    const auto more = group.on_failed(subtasks);
    answers.insert(answers.end(), more.begin(), more.end());
  }
  return answers;
}

void WatermarkGroups::on_restarted(SubtaskId subtask) {
  for (auto& [name, group] : groups_) group.on_restarted(subtask);
}

}  // namespace weir::runtime
