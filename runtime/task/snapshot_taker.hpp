// SnapshotTaker: a subtask's snapshots, from the frozen state to the acknowledgement, and the
// commits that follow when the checkpoint has completed.
//
//  in the subtask's turn   freeze state, note positions, prepare transactions         (sync part)
//  in the blocking pool    bring the state's store up to date, if it has one          (async part)
//                          persist transactions, write the frozen state
//  in the subtask's turn   release the frozen state
//  when all is there       write, in the pool, what the barrier has overtaken, if anything
//  in the subtask's turn   acknowledge or decline; if a write has failed for what may pass, the
//                          same work once more after a pause
//  on completion           commit in the pool every transaction of checkpoints up to it, in order
#pragma once

#include "runtime/task/chain.hpp"
#include "runtime/task/change_log.hpp"
#include "runtime/task/port.hpp"
#include "runtime/task/sink_commits.hpp"
#include "runtime/task/situation.hpp"
#include "runtime/task/snapshot_work.hpp"
#include "runtime/task/source_input.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::runtime {

/// What the barrier of a snapshot has overtaken so far.
struct OvertakenSoFar {
  std::vector<OvertakenBatches> batches = {};
  int missing = 0;  // reports that will follow: of the subtask's input, of its output
};

/// See the file comment.
class SnapshotTaker {
public:
  /// Where a source has got to.
  struct Positions {
    SourceInput* source = nullptr;  // null: the chain has none
    std::string schema = {};
  };

  /// `name` is the subtask's, for file names.
  SnapshotTaker(const Plan& plan, std::shared_ptr<Chain> chain, Positions positions,
                SnapshotPlace place, checkpoint::Speaker self, std::string name, SubtaskPort& port);

  /// Takes the snapshot that belongs to `barrier`, which has been forwarded already.
  /// `timings` has the start delay and the alignment. May throw UserError.
  void take(const checkpoint::Barrier& barrier, checkpoint::SnapshotTimings timings,
            bool is_finished, OvertakenSoFar overtaken);

  /// One of the missing reports on the snapshot of checkpoint `id`. Ignored if that is over.
  void add_overtaken(CheckpointId id, std::vector<OvertakenBatches> batches);

  /// The checkpoint has completed: commits what waits for it.
  void on_completed(CheckpointId id);

  /// The checkpoint has come to nothing.
  void on_aborted(CheckpointId id);

  const SinkCommits& commits() const { return commits_; }

  /// Returns what has been frozen and not been answered for.
  std::vector<SnapshotSituation> situation() const;

  /// Returns why nothing more can be done, once.
  std::optional<TaskFailure> take_failure();

private:
  using WorkPtr = std::shared_ptr<SnapshotWork>;
  /// Who takes the snapshots.
  struct Owner {
    checkpoint::Speaker speaker;
    std::string name;  // for files
  };
  /// What a handle says of an edge.
  struct EdgeLabel {
    std::string name;
    std::string schema;
  };

  void open_log();
  void freeze_sinks(SnapshotWork& work);
  void label(SnapshotWork& work, std::vector<OvertakenBatches> batches) const;
  void write_back_next();
  void on_written_back(const WorkPtr& work);
  void write(const WorkPtr& work);
  void on_written(const WorkPtr& work);
  void end_freeze(SnapshotWork& work);
  void finish(const WorkPtr& work);
  void write_overtaken(const WorkPtr& work);
  bool tries_again(const WorkPtr& work, void (SnapshotTaker::*step)(const WorkPtr&));
  void acknowledge(SnapshotWork& work);
  void remove_copies(std::vector<std::string> copies);

  std::shared_ptr<Chain> chain_;
  Positions positions_;
  SnapshotPlace place_;
  Owner self_;
  SubtaskPort& port_;
  std::vector<EdgeLabel> edges_;  // of the plan
  SinkCommits commits_;
  std::unique_ptr<ChangeLog> log_;                      // of keyed state; null: there is none
  std::vector<std::weak_ptr<SnapshotWork>> under_way_;  // and some that are over
  std::deque<WorkPtr> write_backs_;                     // the first one is under way
  WorkPtr recording_;       // of which something that was overtaken is missing, or null
  CheckpointId persisted_;  // transactions up to this checkpoint are safe
  std::optional<TaskFailure> failure_;
};

}  // namespace weir::runtime
