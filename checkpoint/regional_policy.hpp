// RegionalPolicy: may a checkpoint complete without some regions of its job? Regions are parts of a
// job that no channel connects, so that each of them may go back to another point of its stream
// without any other noticing. A checkpoint that completes without some of them takes over what the
// last completed one has of them (Flink: regional checkpoints, FLIP-600).
//
// Invariants
//  - A region is left out as a whole, or not at all.
//  - Never all regions: nothing would have moved.
//  - After so many such checkpoints one after the other the next needs all regions, so that no
//    region stays behind for ever unnoticed. If that one fails, counting begins anew: the others
//    are not to lose more by it.
// Pure.
#pragma once

#include "base/ids.hpp"

#include <weir/options.hpp>

#include <set>
#include <vector>

namespace weir::checkpoint {

/// The subtasks of each region of a job.
using SubtaskSets = std::vector<std::set<SubtaskId>>;

/// See the file comment.
class RegionalPolicy {
public:
  /// Without `regions` every checkpoint needs all subtasks.
  RegionalPolicy(const RegionalOptions& options, SubtaskSets regions)
      : options_{options}, regions_{std::move(regions)} {}

  /// Returns the regions of these subtasks, all subtasks of them; none: it is not to be done, since
  /// that would be too many, or too often.
  std::set<SubtaskId> may_leave_out(const std::set<SubtaskId>& subtasks) const;

  /// A checkpoint has completed, perhaps without some regions.
  void on_completed(bool is_without_some);
  /// One that might have completed so has come to nothing.
  void on_failed();

private:
  bool needs_all() const { return in_a_row_ >= options_.max_consecutive; }

  RegionalOptions options_;
  SubtaskSets regions_;
  int in_a_row_ = 0;  // completed without some
};

}  // namespace weir::checkpoint
