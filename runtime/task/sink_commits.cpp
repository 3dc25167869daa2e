#include "runtime/task/sink_commits.hpp"

#include <algorithm>
#include <memory>

namespace weir::runtime {

SinkCommits::SinkCommits(Chain& chain, LostTransactions lost, SubtaskPort& port)
    : chain_{chain}, lost_{lost}, port_{port}, ledgers_(chain.sinks().size()) {}

void SinkCommits::prepared(std::size_t sink, CheckpointId id, Bytes txn) {
  ledgers_[sink].prepared(id, std::move(txn));
}

std::vector<state::PreparedTransaction> SinkCommits::uncommitted(std::size_t sink) const {
  return ledgers_[sink].uncommitted();
}

void SinkCommits::on_completed(CheckpointId id) {
  completed_ = std::max(completed_, id);
  for (std::size_t i = 0; i < ledgers_.size(); ++i) commit_next(i);
}

/// Commits what is due for one sink, unless a commit is under way: then it continues after that
/// one, so that transactions become visible in the order in which they were prepared.
void SinkCommits::commit_next(std::size_t sink) {
  checkpoint::TransactionLedger& ledger = ledgers_[sink];
  if (ledger.in_commit() != 0) return;
  auto transactions = ledger.take_committable(completed_);
  if (transactions.empty()) return;
  auto run = std::make_shared<CommitRun>();
  port_.run_blocking(
      [run, committer = chain_.sinks()[sink].committer, transactions = std::move(transactions),
       lost = lost_] { *run = commit_all(*committer, transactions, lost); },
      [this, sink, run] { on_committed(sink, *run); });
}

void SinkCommits::on_committed(std::size_t sink, const CommitRun& run) {
  const std::string& name = chain_.sinks()[sink].operator_name;
  if (run.lost != 0) {
    lost_count_ += run.lost;
    port_.lost_transactions(name, run.lost, run.first_lost);
  }
  if (!run.status.ok()) {
    failure_ = {name, "commit failed: " + run.status.message(),
                run.is_permanent ? TaskFailure::Kind::permanent : TaskFailure::Kind::transient};
    return;
  }
  ledgers_[sink].committed(ledgers_[sink].in_commit());
  commit_next(sink);
}

bool SinkCommits::has_uncommitted() const {
  return std::any_of(ledgers_.begin(), ledgers_.end(),
                     [](const auto& ledger) { return !ledger.uncommitted().empty(); });
}

}  // namespace weir::runtime
