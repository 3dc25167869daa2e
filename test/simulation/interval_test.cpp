// A job that chooses the interval between its checkpoints while it runs.
#include "test/support/kill_matrix.hpp"
#include "test/support/run_log.hpp"

#include <algorithm>
#include <numeric>

using namespace std::chrono_literals;
using namespace weir;
using test::require_finish;

TEST_CASE("a job whose checkpoints cost nothing takes them often, also after a restart",
          "[sim][interval]") {
  // One subtask: no barrier waits for another, and no time passes while state is frozen.
  std::vector<int> rows(2000);  // for 4 s
  std::iota(rows.begin(), rows.end(), 0);
  const testing::ReplayLog<int> input{rows, 1, {.rows_per_poll = 5, .pause = 10ms}};
  const testing::TransactionLog<int> output;
  Job job{"rows",
          {.checkpoint = {.every = 500ms, .auto_interval = true},
           .restart = restart::fixed_delay({.attempts = 10, .delay = 10ms})}};
  job.source("rows", input.source()).sink("out", output.sink());

  testing::Cluster cluster{{.seed = 3}};
  auto run = cluster.start(job);
  run.run_for(1s);
  CHECK(test::has_logged(run, "the interval between checkpoints changes"));
  const std::uint64_t before = run.checkpoints();
  run.kill("rows/0");
  run.run_for(1s);
  CHECK(run.restarts() == 1);
  CHECK(run.checkpoints() - before >= 5);  // not two, as the options say
  require_finish(run);
  std::vector<int> committed = output.committed();
  std::sort(committed.begin(), committed.end());
  CHECK(committed == rows);
}
