// LocalState: the second copies of a job's state files that one node keeps, so that a subtask which
// restarts there need not read them from where the checkpoints lie.
//
// A copy is written along with its file and read instead of it. It begins with the path of that
// file, so that bytes of any other are recognised, and its blocks carry checksums like those of the
// file itself.
//
// Nothing that goes wrong with a copy is an error to anybody: the file it is a copy of counts. Each
// kind of failure is logged once.
//
// `create`, `open`, `discard` and `remove` block. All methods may be called from any thread.
#pragma once

#include "base/log.hpp"
#include "checkpoint/local_copies.hpp"
#include "checkpoint/local_directory.hpp"

#include <weir/bytes.hpp>
#include <weir/detail/state_store.hpp>
#include <weir/env.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace weir::checkpoint {

/// See the file comment. Must outlive the files that it creates.
class LocalState {
public:
  /// `run` is this start of the job. `directory` and `log` must outlive the object.
  LocalState(LocalDirectory& directory, std::string run, base::Logger& log);

  /// Creates the state file `path` of a checkpoint in `shared`, where checkpoints lie. What is
  /// written to it is written to a copy as well. Errors are those of `shared` alone.
  Result<std::unique_ptr<WritableFile>> create(Env& shared, CheckpointId id,
                                               const std::string& path);

  /// Keeps `files` as the copy of what a checkpoint has at `path`, which all its files begin with.
  void keep(CheckpointId id, const std::string& path,
            std::shared_ptr<detail::StoreDirectory> files);
  /// Returns the files that are kept for `path`; null if there are none.
  std::shared_ptr<detail::StoreDirectory> kept(const std::string& path) const;

  /// Opens the copy of a state file, to be read like the file itself; null if there is none that
  /// can be used.
  std::unique_ptr<ReadableFile> open(const std::string& path);
  /// The copy of a state file has proved to be damaged: `why` says how.
  void discard(const std::string& path, const Status& why);

  // What happens to checkpoints; see LocalCopies. Each returns what is to be given to `remove`.
  std::vector<std::string> on_completed(CheckpointId id);
  std::vector<std::string> on_aborted(CheckpointId id);
  std::vector<std::string> on_restart(const std::string& directory);
  std::vector<std::string> on_end();

  void remove(const std::vector<std::string>& copies);

private:
  class CopyingFile;
  enum class Trouble : std::uint8_t { directory, write, read, remove };

  std::unique_ptr<WritableFile> create_copy(CheckpointId id, const std::string& path,
                                            std::string& name);
  Bytes header_of(const std::string& path) const;
  void on_written(const std::string& path, const std::string& copy);
  void give_up(const std::string& path, const std::string& copy);
  std::shared_ptr<detail::StoreDirectory> take_store(const std::string& name);
  void report(Trouble trouble, const Status& status);

  LocalDirectory& directory_;
  std::string run_;
  base::Logger& log_;
  mutable std::mutex mutex_;  // guards what follows; never held while a file is touched
  LocalCopies copies_;
  /// Copies that are the files of a store, by their names among `copies_`.
  std::map<std::string, std::shared_ptr<detail::StoreDirectory>> stores_;
  std::set<Trouble> reported_;
};

}  // namespace weir::checkpoint
