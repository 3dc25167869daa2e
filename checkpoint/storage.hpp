// CheckpointStorage: where a job's checkpoints lie.
//
//   DIRECTORY/JOB/lock             held by the process that runs the job
//   DIRECTORY/JOB/claim-T-N.RUN/   what the holder of the directory is about to change
//   DIRECTORY/JOB/coordinator      epoch, highest id, whether the job has finished
//   DIRECTORY/JOB/chk-N/...        state files, written by the subtasks
//   DIRECTORY/JOB/chk-N/_metadata  makes the checkpoint complete
//   DIRECTORY/JOB/changelog/...    logs of keyed state, written by the subtasks (runtime/task)
//
// Publication is atomic: state files are synced by those who wrote them; the metadata is written
// inside the claim, synced, renamed to its place and the place synced. Deletion is atomic too: the
// whole checkpoint is renamed into the claim, and deleted there. So a reader sees all of a
// checkpoint or nothing.
//
// Fencing has two levels.
//  - Between processes: opening takes the claim (base/claim.hpp). A coordinator that was frozen at
//    any instruction and wakes up after its successor has opened the place can neither reserve nor
//    publish nor delete: each of these is one rename out of its claim or into it, and the claim is
//    gone. The lock file only keeps a second start by mistake away; safety does not need it.
//  - Within a process each execution begins a new epoch; whatever an older one asks is refused with
//    `fenced`. The check and the rename are one step under a mutex.
//
// State files are written without a claim. They lie in the directory of an id that is given out
// once, so that those of a fenced coordinator are in nobody's way, and count for nothing until its
// metadata is there.
//
// All methods block and may be called from any thread.
#pragma once

#include "base/claim.hpp"
#include "checkpoint/composition.hpp"
#include "checkpoint/metadata.hpp"

#include <weir/env.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::checkpoint {

/// Lets the leader of a cluster open a place that a frozen process still has locked.
struct Takeover {
  LeaderEpoch leader;
  /// Otherwise the place is claimed for the leader, but a lock that is held is an error.
  bool breaks_lock = true;
};

/// See the file comment.
class CheckpointStorage {
public:
  /// Opens the place of `job` under `directory`; creates it if it is missing. Whoever had it open
  /// loses it. `run` is stored with everything this start of the job writes, and no other process
  /// may ever have the same. Without `takeover`: `failed_precondition` if a running process holds
  /// it. With it: `fenced` if the leader of a later term has opened it.
  static Result<std::unique_ptr<CheckpointStorage>> open(
      Env& env, const std::string& directory, const std::string& job, const std::string& run,
      std::optional<Takeover> takeover = std::nullopt);

  /// Returns where `open` puts the checkpoints of a job.
  static std::string place_of(const std::string& directory, const std::string& job);

  /// Returns where the subtasks of a job whose checkpoints lie in `place` keep their logs.
  static std::string changelog_of(const std::string& place);

  /// Fences all earlier epochs, and returns the new one with the facts as they are now.
  Result<CoordinatorRecord> begin_epoch();

  // Of the methods that follow, those that write may be called again after an error: they do all of
  // it once more. `unknown_outcome` says that the effect may be there, though perhaps not for good.

  /// Makes it durable that `id` is used, and creates its directory.
  Status reserve(Epoch epoch, CheckpointId id);

  /// Makes it durable that `id` is used, by a savepoint.
  Status reserve_for_savepoint(Epoch epoch, CheckpointId id);

  /// Makes it durable that the job ends behind the complete savepoint in `directory`: whoever
  /// continues with its newest checkpoint continues there. To be done before anything is committed.
  Status note_savepoint(Epoch epoch, CheckpointId id, const std::string& directory);

  /// Adds to `metadata`, which is about to be published, the parts of checkpoint `from` that these
  /// are; see composition.hpp. Errors are those of `load` and of the files.
  Status take_over(CheckpointMetadata& metadata, CheckpointId from,
                   const std::set<PartName>& names) const;

  /// Writes the metadata. `unknown_outcome`: it may or may not be there.
  Status publish(Epoch epoch, const CheckpointMetadata& metadata);

  /// Deletes a checkpoint, complete or not, in one step. One that does not exist is no error.
  Status drop(Epoch epoch, CheckpointId id);

  /// Deletes single state files of a checkpoint.
  Status drop_files(Epoch epoch, CheckpointId id, const std::vector<std::string>& files);

  /// Deletes the logs of keyed state, which no checkpoint needs: all of their files that it has, it
  /// has by other names.
  Status drop_changelog(Epoch epoch);
  /// The same, and makes room for those of an execution that begins.
  Status begin_changelog(Epoch epoch);

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

  Status acquire_lock();
  Status read_record();
  Status sync_complete() const;
  Status check(Epoch epoch) const;
  Status store(const CoordinatorRecord& record);
  Status store_id(CheckpointId id);

  Env& env_;
  std::string place_;  // DIRECTORY/JOB
  std::string job_;
  std::string run_;
  std::unique_ptr<FileLock> lock_;  // null while a frozen predecessor has it
  std::unique_ptr<base::Claim> claim_;
  mutable std::mutex mutex_;  // guards record_, and every step that depends on its epoch
  CoordinatorRecord record_;
};

/// Returns `directory` without a leading "file://".
std::string strip_scheme(const std::string& directory);

}  // namespace weir::checkpoint
