// CommitRun: committing transactions one after the other, and what to do about lost ones.
#pragma once

#include <weir/options.hpp>
#include <weir/sink.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::runtime {

/// How far a run of commits came.
struct CommitRun {
  Status status;              // of the one that stopped it
  std::uint64_t lost = 0;     // that the store no longer knew, and that were skipped
  std::string first_lost;     // what the store said about the first of them
  bool is_permanent = false;  // trying again would meet the same
};

/// Commits `transactions` in their order until one fails. Blocks.
CommitRun commit_all(detail::Committer& committer, const std::vector<Bytes>& transactions,
                     LostTransactions lost);

}  // namespace weir::runtime
