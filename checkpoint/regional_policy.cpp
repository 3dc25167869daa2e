#include "checkpoint/regional_policy.hpp"

#include <algorithm>

namespace weir::checkpoint {

std::set<SubtaskId> RegionalPolicy::may_leave_out(const std::set<SubtaskId>& subtasks) const {
  if (!options_.enabled || needs_all()) return {};
  std::set<SubtaskId> left_out;
  std::size_t count = 0;
  for (const std::set<SubtaskId>& region : regions_) {
    const bool is_meant = std::any_of(region.begin(), region.end(),
                                      [&](SubtaskId id) { return subtasks.contains(id); });
    if (!is_meant) continue;
    ++count;
    left_out.insert(region.begin(), region.end());
  }
  const double allowed = options_.max_failure_ratio * static_cast<double>(regions_.size());
  const bool is_too_much = count == regions_.size() || static_cast<double>(count) > allowed;
  return is_too_much ? std::set<SubtaskId>{} : left_out;
}

void RegionalPolicy::on_completed(bool is_without_some) {
  in_a_row_ = is_without_some ? in_a_row_ + 1 : 0;
}

void RegionalPolicy::on_failed() {
  if (needs_all()) in_a_row_ = 0;
}

}  // namespace weir::checkpoint
