// SavepointTable: the savepoints of one execution: requests that wait, in the order in which they
// came, and those that have begun.
#pragma once

#include "checkpoint/messages.hpp"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace weir::checkpoint {

/// A savepoint that has begun.
struct Savepoint {
  std::string ticket = {};     // of who asked
  std::string directory = {};  // no other savepoint has it
  CheckpointKind kind = CheckpointKind::savepoint;
  SavepointFormat format = SavepointFormat::canonical;
  bool keeps_files = false;  // it is complete, or may be
};

/// See the file comment.
class SavepointTable {
public:
  void ask(SavepointRequest request) { waiting_.push_back(std::move(request)); }
  bool has_waiting() const { return !waiting_.empty(); }
  /// Begins what has waited longest; there must be something. It stays until the execution ends.
  const Savepoint& begin(CheckpointId id);
  /// Forgets all that wait; returns their tickets.
  std::vector<std::string> give_up_waiting();

  bool contains(CheckpointId id) const { return begun_.contains(id); }
  /// Null if that is no savepoint.
  const Savepoint* find(CheckpointId id) const;
  /// Its files stay from now on.
  void keep_files(CheckpointId id) { begun_.at(id).keeps_files = true; }

private:
  std::deque<SavepointRequest> waiting_;
  std::map<CheckpointId, Savepoint> begun_;
};

}  // namespace weir::checkpoint
