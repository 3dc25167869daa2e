// LocalCopies: which second copies of its state files a node keeps. Pure: names in, names to delete
// out; checkpoint/local_state.hpp carries it.
//
// Invariants
//  - Of the completed checkpoints the newest one's copies are kept, and those of every checkpoint
//    that is newer, until it is aborted or the job restarts from another.
//  - A copy is found only once it has been written in full, and only by the full path of the file
//    that it is a copy of: another checkpoint's file has another path.
//  - What was dropped does not come back: whoever is still writing it is told to delete it.
#pragma once

#include "base/ids.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::checkpoint {

/// See the file comment. `file` is always the path of a state file in its checkpoint.
class LocalCopies {
public:
  /// The state file of a checkpoint that is under way is about to be written, and a copy of it as
  /// `copy`. Returns whether the copy is wanted.
  bool begin(CheckpointId id, const std::string& file, const std::string& copy);
  /// The copy has been written. Returns whether it is kept; otherwise it must be deleted.
  bool finished(const std::string& file);
  /// The copy cannot be used, or will never be finished.
  void lost(const std::string& file);

  /// Returns where the copy of a file lies, if there is one.
  std::optional<std::string> find(const std::string& file) const;

  // Each returns the copies to delete.

  /// All older checkpoints have become useless.
  std::vector<std::string> on_completed(CheckpointId id);
  std::vector<std::string> on_aborted(CheckpointId id);
  /// Subtasks restart from the checkpoint in `directory`, or from none if it is empty: whatever was
  /// under way is over.
  std::vector<std::string> on_restart(const std::string& directory);
  /// Nothing is kept any more.
  std::vector<std::string> on_end();

private:
  struct Copy {
    CheckpointId checkpoint;
    std::string name;
    bool is_finished = false;
  };

  template <class Useless>
  std::vector<std::string> drop(Useless useless);

  std::map<std::string, Copy> copies_;  // by the file that each is a copy of
  CheckpointId completed_;
  std::set<CheckpointId> aborted_;  // newer than `completed_`
  bool has_ended_ = false;
};

}  // namespace weir::checkpoint
