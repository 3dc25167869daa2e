// TransactionLedger: the two-phase commit of one sink on one subtask, without the transactions'
// content (Flink: CommittableCollector; the rules are those of TwoPhaseCommitSinkFunction).
//
// Invariants
//  - A transaction is in every snapshot from the checkpoint that prepared it until its commit is
//    known to have happened, so that a restore can always commit it again.
//  - Transactions are committed in the order in which they were prepared.
#pragma once

#include "checkpoint/messages.hpp"

#include <vector>

namespace weir::checkpoint {

/// See the file comment.
class TransactionLedger {
public:
  /// The sink has prepared `txn` at the barrier of `checkpoint`.
  void prepared(CheckpointId checkpoint, Bytes txn);

  /// What the snapshot of a checkpoint must hold: everything not known to be committed.
  const std::vector<state::PreparedTransaction>& uncommitted() const { return entries_; }

  /// Checkpoint `completed` has completed: returns what to commit now, in order. Transactions of
  /// older checkpoints whose notification was lost are included; a late or repeated notification
  /// returns nothing.
  std::vector<Bytes> take_committable(CheckpointId completed);

  /// The oldest `count` transactions that were taken are committed.
  void committed(std::size_t count);

  /// Transactions taken and not yet reported as committed.
  std::size_t in_commit() const { return taken_; }

private:
  std::vector<state::PreparedTransaction>
      entries_;  // in order; the first taken_ are being committed
  std::size_t taken_ = 0;
};

}  // namespace weir::checkpoint
