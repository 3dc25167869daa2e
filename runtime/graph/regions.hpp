// Regions: which subtasks of a job must restart together.
//
// A subtask that restarts goes back to the last checkpoint: it sends again what it sent since, and
// wants to be sent again what it received since. So everybody who is connected to it by channels,
// in either direction, goes back with it. Channels of a forward edge connect subtasks of one index
// only: a job of nothing but forward edges has a region for each subtask index; a job with any
// exchange between its subtasks is one region (Flink: pipelined regions).
#pragma once

#include "runtime/graph/plan.hpp"

#include <map>
#include <set>
#include <vector>

namespace weir::runtime {

/// Index of a region in `Regions`.
using RegionId = Id<struct RegionIdTag, std::uint32_t>;

/// The regions of a plan. Each subtask belongs to exactly one.
class Regions {
public:
  explicit Regions(const Plan& plan);

  /// The subtasks of each region, in the order of their smallest subtasks.
  const std::vector<std::set<SubtaskId>>& all() const { return all_; }
  RegionId of(SubtaskId subtask) const { return of_.at(subtask); }
  const std::set<SubtaskId>& subtasks(RegionId region) const { return all_.at(region.value()); }

  /// Everybody who must restart when these subtasks must.
  std::set<SubtaskId> affected_by(const std::set<SubtaskId>& failed) const;

private:
  std::vector<std::set<SubtaskId>> all_;
  std::map<SubtaskId, RegionId> of_;
};

}  // namespace weir::runtime
