// Retention: which completed checkpoints of a job are kept, and which the next one replaces.
//
// Invariants
//  - At least the newest completed checkpoint is kept.
//  - One that was published with an unknown outcome is kept until a newer one has completed: a
//    restore may find it complete.
#pragma once

#include "base/ids.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::checkpoint {

/// See the file comment.
class Retention {
public:
  /// What nobody needs any more.
  struct Replaced {
    std::string claimed = {};  // the directory that was claimed; "": nothing of that
    std::vector<CheckpointId> checkpoints = {};
  };

  /// Keeps `count` of them, at least 1. Those of `retained`, ascending, are there already, and
  /// `claimed` as one more, the oldest: the directory of a checkpoint or savepoint; "": none.
  Retention(int count, std::vector<CheckpointId> retained, std::string claimed);

  Replaced on_completed(CheckpointId id);
  /// Nobody knows whether its metadata is there.
  void on_undecided(CheckpointId id) { undecided_.insert(id); }

  /// Whether its files must stay.
  bool keeps(CheckpointId id) const;
  /// Whether of each checkpoint since the last one it is known whether it completed.
  bool is_decided() const { return undecided_.empty(); }
  /// The newest that completed here; none of those that were there before.
  std::optional<CheckpointId> last_completed() const { return last_completed_; }
  /// Ascending.
  const std::vector<CheckpointId>& retained() const { return retained_; }

private:
  std::size_t count_;
  std::vector<CheckpointId> retained_;
  std::string claimed_;
  std::set<CheckpointId> undecided_;
  std::optional<CheckpointId> last_completed_;
};

}  // namespace weir::checkpoint
