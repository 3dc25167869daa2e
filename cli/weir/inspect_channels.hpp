// What `weir inspect` shows of records that barriers had overtaken.
#pragma once

#include "checkpoint/metadata.hpp"

#include <string>

namespace weir::cli {

/// Prints the edges with such records, and how many bytes of them each subtask had.
void print_channels(const checkpoint::CheckpointMetadata& metadata);

/// Reads all of it in `directory`. `corrupt` names file and byte.
Status verify_channels(const std::string& directory,
                       const checkpoint::CheckpointMetadata& metadata);

}  // namespace weir::cli
