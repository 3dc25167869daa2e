// A job with a subtask between two others, for benches.
#pragma once

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

namespace weir::test {

/// numbers/2 -> copies/1 -> out/2: each number is passed on as often as it says.
inline Job copies(JobOptions options = {}) {
  Job job{"copies", options};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .parallelism(2)
      .rebalance()
      .flat_map("copies",
                [](int n, Emit<int>& out) {
                  for (int i = 0; i < n; ++i) out(n);
                })
      .parallelism(1)
      .rebalance()
      .sink("out", testing::TransactionLog<int>{}.sink())
      .parallelism(2);
  return job;
}

}  // namespace weir::test
