#include "runtime/job/split_tracker.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {

void SplitTracker::on_handed_out(std::uint32_t reader,
                                 const std::vector<state::SplitPosition>& splits) {
  for (const state::SplitPosition& split : splits)
    entries_.push_back({reader, last_triggered_, split});
}

void SplitTracker::on_completed(CheckpointId id, const std::set<std::uint32_t>& left_out) {
  std::erase_if(entries_, [&](Entry& entry) {
    if (!left_out.contains(entry.reader)) return entry.behind < id;
    entry.behind = std::max(entry.behind, id);
    return false;
  });
}

std::vector<state::SplitPosition> SplitTracker::given_to(std::uint32_t reader) const {
  std::vector<state::SplitPosition> splits;
  for (const Entry& entry : entries_) {
    if (entry.reader == reader) splits.push_back(entry.split);
  }
  return splits;
}

std::vector<state::SplitPosition> SplitTracker::take_back(std::uint32_t reader,
                                                          std::optional<CheckpointId> restored) {
  const CheckpointId behind = restored.value_or(CheckpointId{});
  std::vector<state::SplitPosition> splits;
  for (Entry& entry : entries_) {
    if (entry.reader == reader && entry.behind >= behind) splits.push_back(std::move(entry.split));
  }
  std::erase_if(entries_, [&](const Entry& entry) { return entry.reader == reader; });
  return splits;
}

}  // namespace weir::runtime
