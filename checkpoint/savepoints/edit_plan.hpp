// What becomes of a savepoint that is edited: pure, without looking at the state itself.
#pragma once

#include "checkpoint/savepoints/rows.hpp"

#include <weir/savepoints/savepoint.hpp>

#include <set>
#include <string>
#include <vector>

namespace weir::savepoints {

/// A savepoint that is read.
struct EditSource {
  Opened opened;
  std::vector<std::string> files = {};  // names of all regular files in its directory
};

/// A file that the new savepoint has as it is.
struct CarriedFile {
  std::string from;  // its path
  std::string name;  // in the new directory
};

/// Keyed state that is written anew.
struct Rewrite {
  std::size_t part;                  // of the new metadata
  std::size_t handle;                // of its keyed state, which lacks the place and the size
  state::KeyedStateHandle original;  // in the savepoint that is edited
  std::set<std::string> dropped;     // states of that
  std::string name;                  // of the new file
};

struct EditPlan {
  checkpoint::CheckpointMetadata metadata = {};
  std::vector<CarriedFile> files = {};
  std::vector<Rewrite> rewrites = {};
  std::vector<std::string> done = {};  // what it comes to, in lines
};

/// Plans `edits` of `from`; `taken` are the savepoints that `edits.take` names, in this order.
/// Errors are those of `edit`.
Result<EditPlan> plan_edit(const EditSource& from, const Edits& edits,
                           const std::vector<EditSource>& taken);

}  // namespace weir::savepoints
