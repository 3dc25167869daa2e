#include "runtime/task/commit_run.hpp"

#include <utility>

namespace weir::runtime {

CommitRun commit_all(detail::Committer& committer, const std::vector<Bytes>& transactions,
                     LostTransactions lost) {
  CommitRun run;
  for (const Bytes& txn : transactions) {
    Status status = committer.commit(txn);
    if (status.ok()) continue;
    const bool is_lost = status.code() == ErrorCode::not_found;
    if (!is_lost || lost == LostTransactions::fail) {
      run.is_permanent = is_lost || status.code() == ErrorCode::corrupt;
      run.status = std::move(status);
      return run;
    }
    if (run.lost++ == 0) run.first_lost = status.message();
  }
  return run;
}

}  // namespace weir::runtime
