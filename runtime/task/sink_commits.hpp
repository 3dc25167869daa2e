// SinkCommits: the transactions of a subtask's sinks, from their preparation to their commit.
#pragma once

#include "checkpoint/commit.hpp"
#include "runtime/task/chain.hpp"
#include "runtime/task/commit_run.hpp"
#include "runtime/task/port.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace weir::runtime {

/// See the file comment.
class SinkCommits {
public:
  /// `chain` and `port` must outlive it.
  SinkCommits(Chain& chain, LostTransactions lost, SubtaskPort& port);

  /// A sink has prepared a transaction at the barrier of checkpoint `id`.
  void prepared(std::size_t sink, CheckpointId id, Bytes txn);

  /// All transactions of a sink that are not known to be committed, in the order of their
  /// preparation.
  std::vector<state::PreparedTransaction> uncommitted(std::size_t sink) const;
  /// Whether there are any.
  bool has_uncommitted() const;

  /// The checkpoint has completed: commits what waits for it.
  void on_completed(CheckpointId id);

  /// Returns why a commit failed, once.
  std::optional<TaskFailure> take_failure() { return std::exchange(failure_, std::nullopt); }

  /// Transactions that the stores of sinks had lost when they were to be committed.
  std::uint64_t lost_transactions() const { return lost_count_; }

private:
  void commit_next(std::size_t sink);
  void on_committed(std::size_t sink, const CommitRun& run);

  Chain& chain_;
  LostTransactions lost_;
  SubtaskPort& port_;
  std::vector<checkpoint::TransactionLedger> ledgers_;  // one per sink of the chain
  CheckpointId completed_;                              // the newest completed checkpoint heard of
  std::uint64_t lost_count_ = 0;
  std::optional<TaskFailure> failure_;
};

}  // namespace weir::runtime
