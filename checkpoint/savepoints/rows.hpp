// Opening a savepoint, and the rows of one of its handles.
#pragma once

#include "checkpoint/metadata.hpp"
#include "checkpoint/savepoints/scratch.hpp"
#include "state/handle.hpp"
#include "state/state_file.hpp"

#include <weir/env.hpp>

#include <memory>
#include <string>

namespace weir::savepoints {

/// State of at most so many bytes is written into the metadata, as by default in checkpoints.
inline constexpr std::size_t kInlineBytes = 20'000;

/// A savepoint or checkpoint.
struct Opened {
  std::string directory;
  checkpoint::CheckpointMetadata metadata;
};

/// `path` is the directory or the `_metadata` in it, with or without "file://". See
/// `Savepoint::open` for the errors.
Result<Opened> open_savepoint(Env& env, const std::string& path);

/// The rows of a handle as a stream.
struct HandleRows {
  std::unique_ptr<Scratch> scratch;  // where they are, if they were files of RocksDB
  state::KeyedStateHandle handle;    // with the stream
  state::StateReader reader;         // of that
};

/// Opens the rows of a handle in `directory`; `handle` must outlive them. Files of RocksDB are
/// copied first. `corrupt` names the file.
Result<HandleRows> open_rows(Env& env, const std::string& directory,
                             const state::KeyedStateHandle& handle);

/// Puts what was written to `file` into `handle`. `name` is that of the file in its directory.
Status finish_rows(state::StateFile& file, const std::string& name,
                   state::KeyedStateHandle& handle);

}  // namespace weir::savepoints
