// What a savepoint holds, by operator.
#pragma once

#include "checkpoint/metadata.hpp"

#include <weir/savepoints/savepoint.hpp>

#include <string>
#include <vector>

namespace weir::savepoints {

/// Lists the operators that have something in a savepoint, by name.
std::vector<SavepointOperator> operators_of(const checkpoint::CheckpointMetadata& metadata);

/// Returns "; it has NAME, NAME" or "; it has no WHAT": for messages about what is not there.
std::string known_names(const std::vector<std::string>& names, const std::string& what);

}  // namespace weir::savepoints
