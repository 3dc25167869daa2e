// CheckpointRegions: which parts of a job a checkpoint may do without, if its options allow that.
#pragma once

#include "checkpoint/composition.hpp"
#include "checkpoint/regional_policy.hpp"
#include "runtime/graph/plan.hpp"

#include <set>
#include <string>

namespace weir::runtime {

/// See the file comment.
struct CheckpointRegions {
  checkpoint::SubtaskSets regions = {};  // none: it needs all subtasks
  std::string why_none = {};             // for people; empty: nobody has asked for any
};

/// Returns the regions of the job, if they restart alone (`restarts_in_parts`) and nothing is
/// shared among them. Lists that all subtasks get and broadcast maps are: whoever restores them
/// takes the copies of others for as old as his own.
CheckpointRegions checkpoint_regions(const Plan& plan);

/// Returns what the parts of these subtasks are called in a checkpoint.
std::set<checkpoint::PartName> part_names(const Plan& plan, const std::set<SubtaskId>& subtasks);

}  // namespace weir::runtime
