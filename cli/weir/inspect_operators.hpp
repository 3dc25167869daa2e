// What `weir inspect` shows of operator state.
#pragma once

#include "checkpoint/metadata.hpp"

#include <set>
#include <string>

namespace weir::cli {

/// Prints each state with its kind, its type, and the elements and bytes of each subtask.
void print_operator_states(const checkpoint::CheckpointMetadata& metadata);

/// Reads all of it in `directory`. `corrupt` names file and byte.
Status verify_operator_states(const std::string& directory,
                              const checkpoint::CheckpointMetadata& metadata);

/// Prints the elements of the state `name`, which is OPERATOR/STATE, as lines of JSON; of a map
/// those with the key `key`, unless it is null. Adds the names of all states to `known`.
Status print_elements_of(const std::string& directory,
                         const checkpoint::CheckpointMetadata& metadata, const std::string& name,
                         const std::string* key, std::set<std::string>& known);

/// A key is named as JSON, or a text as it is.
bool is_key(const std::string& json, const std::string& asked);

}  // namespace weir::cli
