// CheckpointStorage: where a job's checkpoints lie.
//
//   DIRECTORY/JOB/lock            held by the process that runs the job
//   DIRECTORY/JOB/coordinator     epoch, highest id, whether the job has finished
//   DIRECTORY/JOB/chk-N/...       state files, written by the subtasks
//   DIRECTORY/JOB/chk-N/_metadata makes the checkpoint complete
//
// Publication is atomic: state files are synced by those who wrote them; the metadata is written
// beside its place, synced, renamed and its directory synced. Deletion goes the other way round. So
// a reader never sees half a checkpoint.
//
// Fencing: each coordinator begins a new epoch; from then on whatever an older one asks is refused
// with `fenced`. The check and the rename are one step under a mutex, and the lock file keeps other
// processes out, so that a coordinator that was declared dead cannot publish or delete.
//
// All methods block and may be called from any thread.
#pragma once

#include "checkpoint/metadata.hpp"

#include <weir/env.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weir::checkpoint {

/// See the file comment.
class CheckpointStorage {
public:
  /// Opens the place of `job` under `directory`; creates it if it is missing. `run` is stored with
  /// everything this start of the job writes. `failed_precondition` if a running process holds it.
  static Result<std::unique_ptr<CheckpointStorage>> open(Env& env, const std::string& directory,
                                                         const std::string& job,
                                                         const std::string& run);

  /// Fences all earlier epochs, and returns the new one with the facts as they are now.
  Result<CoordinatorRecord> begin_epoch();

  /// Makes it durable that `id` is used, and creates its directory.
  Status reserve(Epoch epoch, CheckpointId id);

  /// Writes the metadata. `unknown_outcome`: it may or may not be there.
  Status publish(Epoch epoch, const CheckpointMetadata& metadata);

  /// Deletes a checkpoint, complete or not. One that does not exist is no error.
  Status drop(Epoch epoch, CheckpointId id);

  /// Deletes single state files of a checkpoint.
  Status drop_files(Epoch epoch, CheckpointId id, const std::vector<std::string>& files);

  /// Makes it durable that the job has come to its end, or that it runs again.
  Status mark_finished(Epoch epoch, bool is_finished = true);

  /// Returns the ids of complete checkpoints, ascending.
  Result<std::vector<CheckpointId>> list() const;

  /// Returns the ids of all checkpoint directories, complete or not, ascending.
  Result<std::vector<CheckpointId>> list_all() const;

  /// Reads a complete checkpoint and checks that its state files are there in full.
  Result<CheckpointMetadata> load(CheckpointId id) const;

  /// The same for a checkpoint at any path, "DIR/JOB/chk-N" or its "_metadata".
  static Result<CheckpointMetadata> load(Env& env, const std::string& path);

  /// Returns the directory of a checkpoint.
  std::string path_of(CheckpointId id) const;

  Env& env() const { return env_; }
  const std::string& place() const { return place_; }

private:
  CheckpointStorage(Env& env, std::string place, std::string job, std::string run);

  Status check(Epoch epoch) const;
  Status store(const CoordinatorRecord& record);

  Env& env_;
  std::string place_;  // DIRECTORY/JOB
  std::string job_;
  std::string run_;
  std::unique_ptr<FileLock> lock_;
  mutable std::mutex mutex_;  // guards record_, and every step that depends on its epoch
  CoordinatorRecord record_;
};

/// Returns `directory` without a leading "file://".
std::string strip_scheme(const std::string& directory);

}  // namespace weir::checkpoint
