// Snapshots of keyed state as the files of the store that holds it. Files that never change are
// written once: each later checkpoint gives them one more name, so that it has all it needs in its
// own directory, and what nobody needs any more goes with the last directory that has it.
#pragma once

#include "base/blocking_pool.hpp"
#include "state/keyed_snapshot.hpp"

#include <weir/detail/state_store.hpp>
#include <weir/env.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::state {

/// Where the files of one store go in a checkpoint.
struct NativePlace {
  Env* env = nullptr;
  std::string directory = {};     // of the checkpoint
  std::string prefix = {};        // of the names of files there: no other subtask or attempt has it
  std::size_t inline_bytes = {};  // files that may change stay in the metadata up to this size
  detail::KeyGroupRange range = {};  // of the subtask
  bool is_linkable = true;  // by later checkpoints; a savepoint is not the job's to depend on
  base::BlockingPool* pool = nullptr;  // writes several files at once; null: one after the other
};

/// The files of a copy that lie in the checkpoint, by their places in it.
using WrittenFiles = std::vector<std::optional<NativeFile>>;

/// Writes the files of `copy`, and makes them durable. What `known` says to lie in a checkpoint
/// already is linked; if that is not possible it is written. `known` says then where the files are.
///
/// A file that cannot be written just now (base::is_transient) holds up none of the others. After
/// an error the same may be called again: what is `written` stays, in particular what is linked. A
/// second attempt at that would empty the file of an earlier checkpoint.
Result<KeyedStateHandle> write_copy(const KeyedStateInfo& info, detail::StoreCopy& copy,
                                    const NativePlace& place, detail::StoredFiles& known,
                                    WrittenFiles& written);

/// Where the files of a handle are to be found.
struct NativeSource {
  Env* env = nullptr;
  std::string directory = {};  // of the checkpoint
  /// The same files on the local disk, which are read instead; null: there are none.
  detail::StoreDirectory* local = nullptr;
  base::BlockingPool* pool = nullptr;  // reads several files at once; null: one after the other
};

/// What all files of a native handle begin with: DIRECTORY/prefix.
std::string native_place(const KeyedStateHandle& handle, const std::string& directory);

/// Adds what belongs to the key groups of `into` to its states. `backend` is of the kind that wrote
/// the files, whatever that of `into` is. If `is_first`, nothing was restored into `into` before.
/// `corrupt` names the file.
Status read_copy(const KeyedStateHandle& handle, const NativeSource& source,
                 detail::StateBackend& backend, detail::KeyedState& into, bool is_first);

/// Writes what the files hold as rows. `backend` is as above. `corrupt` names the file.
Result<KeyedStateHandle> write_as_rows(const KeyedStateHandle& handle, Env& env,
                                       const std::string& directory, detail::StateBackend& backend,
                                       StateFile& file);

/// Reads all files and compares them with their checksums. `corrupt` names the file.
Status verify_files(const KeyedStateHandle& handle, Env& env, const std::string& directory);

}  // namespace weir::state
