// Composition: a checkpoint that takes over the parts of some subtasks from an earlier one.
//
// It needs nothing of the earlier one afterwards: each of the files gets one more name, in its own
// directory (docs/adr/0010-checkpoints-share-files-by-hard-links.md), so that a checkpoint is
// deleted as before, with its directory. The name is "carried+" and the one that the file had when
// it was written: a subtask that has been left out may still be writing files of its own there,
// under the names of its snapshots, which no "+" is in.
#pragma once

#include "checkpoint/metadata.hpp"

#include <weir/env.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace weir::checkpoint {

/// Whose part it is: the vertex' name and the subtask's index.
using PartName = std::pair<std::string, std::uint32_t>;

/// Names of files in the earlier checkpoint, and what they are called in the one that takes them
/// over.
using CarriedFiles = std::map<std::string, std::string>;

/// Adds the parts `names` of `from` to `into`, and returns the files that belong to them. `corrupt`
/// if `from` lacks a part.
Result<CarriedFiles> take_over(CheckpointMetadata& into, const CheckpointMetadata& from,
                               const std::set<PartName>& names);

/// Gives the files, which lie in the directory `from`, their names in `to`; where that is not
/// possible it copies and syncs them. May be called again after an error. Blocks.
Status carry_files(Env& env, const CarriedFiles& files, const std::string& from,
                   const std::string& to);

}  // namespace weir::checkpoint
