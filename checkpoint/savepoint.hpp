// Savepoints: copies of a job's state that belong to whoever asked for them.
//
//   TARGET/savepoint-JOB-RUN-N/...         state files, written by the subtasks
//   TARGET/savepoint-JOB-RUN-N/_metadata   makes the savepoint complete
//
// The files are those of a checkpoint (checkpoint/storage.hpp), and name each other relative to
// their directory: it can be moved and copied as a whole. RUN and N are given out once, so that no
// two savepoints share a directory. Nothing is fenced: whoever writes one after its coordinator has
// been replaced writes a directory of its own, which nobody waits for.
//
// All functions block. Errors name the path and what to do.
#pragma once

#include "checkpoint/metadata.hpp"

#include <weir/env.hpp>

#include <string>

namespace weir::checkpoint {

/// Returns what the directories of all savepoints of one start of a job begin with: "-" and the id
/// follow. `target` is a directory, with or without "file://".
std::string savepoint_place(const std::string& target, const std::string& job,
                            const std::string& run);

/// Creates the directory of a savepoint, and its parents. After an error it may be called again.
Status create_savepoint(Env& env, const std::string& directory);

/// Writes the metadata, which makes the savepoint complete. `unknown_outcome`: it may be or not.
Status publish_savepoint(Env& env, const std::string& directory,
                         const CheckpointMetadata& metadata);

/// Deletes a savepoint: from the first step on it is none any more. One that is not there is no
/// error.
Status delete_savepoint(Env& env, const std::string& directory);

}  // namespace weir::checkpoint
