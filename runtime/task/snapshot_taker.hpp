// SnapshotTaker: a subtask's snapshots, from the frozen state to the acknowledgement, and the
// commits that follow when the checkpoint has completed.
//
//  in the subtask's turn   freeze state, note positions, prepare transactions         (sync part)
//  in the blocking pool    bring the state's store up to date, if it has one          (async part)
//                          persist transactions, write the frozen state
//  in the subtask's turn   release the frozen state, acknowledge or decline
//  on completion           commit in the pool every transaction of checkpoints up to it, in order
#pragma once

#include "base/blocking_pool.hpp"
#include "checkpoint/commit.hpp"
#include "checkpoint/local_state.hpp"
#include "runtime/task/chain.hpp"
#include "runtime/task/commit_run.hpp"
#include "runtime/task/port.hpp"
#include "runtime/task/source_input.hpp"
#include "state/state_file.hpp"

#include <weir/options.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::runtime {

/// Where state files go.
struct SnapshotPlace {
  Env* env = nullptr;
  std::string directory = {};             // of the job's checkpoints: DIRECTORY/JOB
  std::size_t inline_threshold = 20'000;  // bytes of state that stay in the metadata
  /// A store is copied with its files: only those that no checkpoint has are written.
  bool incremental = true;
  state::Compression compression = state::Compression::none;  // of rows
  Env* savepoints = nullptr;                                  // where savepoints are written to
  /// Of the node, which keeps copies there; null: it keeps none.
  std::shared_ptr<checkpoint::LocalState> local = nullptr;
  base::BlockingPool* pool = nullptr;  // may write several files at once; null: it may not
};

/// Where the subtasks of a job write whose checkpoints lie in `directory` of `env`.
SnapshotPlace snapshot_place(Env& env, std::string directory, const CheckpointOptions& options);

/// See the file comment.
class SnapshotTaker {
public:
  /// `name` is the subtask's, for file names. `source` is null if the chain has none.
  SnapshotTaker(std::shared_ptr<Chain> chain, SourceInput* source, std::string position_schema,
                SnapshotPlace place, LostTransactions lost, checkpoint::Speaker self,
                std::string name, SubtaskPort& port);
  ~SnapshotTaker();

  /// Takes the snapshot that belongs to `barrier`, which has been forwarded already.
  /// `timings` has the start delay and the alignment. May throw UserError.
  void take(const checkpoint::Barrier& barrier, checkpoint::SnapshotTimings timings,
            bool is_finished);

  /// The checkpoint has completed: commits what waits for it.
  void on_completed(CheckpointId id);

  /// The checkpoint has come to nothing.
  void on_aborted(CheckpointId id);

  /// Whether any transaction is not known to be committed.
  bool has_uncommitted() const;

  /// Returns why a commit failed, once.
  std::optional<TaskFailure> take_failure() { return std::exchange(failure_, std::nullopt); }

  /// Transactions that the stores of sinks had lost when they were to be committed.
  std::uint64_t lost_transactions() const { return lost_count_; }

private:
  struct Work;  // what one snapshot takes to the pool and brings back

  void write_back_next();
  void on_written_back(const std::shared_ptr<Work>& work);
  void upload(const std::shared_ptr<Work>& work);
  void on_uploaded(const std::shared_ptr<Work>& work);
  void remove_copies(std::vector<std::string> copies);
  void commit_next(std::size_t sink);
  void on_committed(std::size_t sink, const CommitRun& run);

  std::shared_ptr<Chain> chain_;
  SourceInput* source_;
  std::string position_schema_;
  SnapshotPlace place_;
  LostTransactions lost_;
  checkpoint::Speaker self_;
  std::string name_;
  SubtaskPort& port_;
  std::vector<checkpoint::TransactionLedger> ledgers_;  // one per sink of the chain
  std::deque<std::shared_ptr<Work>> write_backs_;       // the first one is under way
  CheckpointId completed_;                              // the newest completed checkpoint heard of
  CheckpointId persisted_;  // transactions up to this checkpoint are safe
  std::uint64_t lost_count_ = 0;
  std::optional<TaskFailure> failure_;
};

}  // namespace weir::runtime
