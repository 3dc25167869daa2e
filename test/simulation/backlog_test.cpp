// Sources that read what has waited for long: checkpoints keep away meanwhile.
#include "test/support/kill_matrix.hpp"

#include <algorithm>
#include <memory>
#include <optional>

using namespace std::chrono_literals;
using namespace weir;
using test::require_finish;

namespace {

constexpr int kOld = 1000;  // rows that have waited
constexpr int kRows = 1500;
constexpr Duration kPause = 2ms;  // for each row

/// Numbers, of which the first have waited for long. Position: the next one.
class Rows final : public SplitReader<int, int> {
public:
  explicit Rows(int next) : next_{next} {}

  Poll poll(Emit<int>& out) override {
    if (next_ == kRows) return End{};
    out(next_++);
    return Later{kPause};
  }
  int position() const override { return next_; }
  bool is_backlog() const override { return next_ < kOld; }

private:
  int next_;
};

Job job(const testing::TransactionLog<int>& output, std::optional<Duration> during_backlog) {
  Job job{"backlog",
          {.checkpoint = {.every = 20ms, .every_during_backlog = during_backlog},
           .restart = restart::fixed_delay({.attempts = 10, .delay = 1ms})}};
  job.source("rows", make_source([] { return std::vector<Split>{{"all"}}; },
                                 [](const Split&, std::optional<int> next) {
                                   return std::make_unique<Rows>(next.value_or(0));
                                 }))
      .rebalance()
      .map("same", [](int n) { return n; })
      .sink("out", output.sink());
  return job;
}

void require_all(const testing::TransactionLog<int>& output) {
  std::vector<int> rows = output.committed();
  std::sort(rows.begin(), rows.end());
  REQUIRE(rows.size() == kRows);
  REQUIRE(std::adjacent_find(rows.begin(), rows.end()) == rows.end());
}

}  // namespace

TEST_CASE("no checkpoint disturbs a backlog, if that is wanted", "[sim][backlog]") {
  testing::Cluster cluster{{.seed = 4}};
  const testing::TransactionLog<int> output;
  auto run = cluster.start(job(output, Duration{}));
  run.run_for(kOld * kPause - 20ms);
  CHECK(run.checkpoints() == 0);
  run.kill("rows/0");  // all is read again, without a checkpoint until then
  run.run_for(kOld * kPause - 20ms);
  CHECK(run.restarts() == 1);
  CHECK(run.checkpoints() == 0);
  run.run_for(200ms);  // reading, too, takes some time
  CHECK(run.checkpoints() >= 1);
  require_finish(run);
  CHECK(run.checkpoints() > 20);
  require_all(output);
}

TEST_CASE("checkpoints are rarer during a backlog, as its interval says", "[sim][backlog]") {
  testing::Cluster cluster{{.seed = 5}};
  const testing::TransactionLog<int> output;
  auto run = cluster.start(job(output, 500ms));
  run.run_for(kOld * kPause - 20ms);
  CHECK(run.checkpoints() >= 2);
  CHECK(run.checkpoints() <= 4);
  require_finish(run);
  CHECK(run.checkpoints() > 20);
  require_all(output);
}

TEST_CASE("without an interval of its own a backlog makes no difference", "[sim][backlog]") {
  testing::Cluster cluster{{.seed = 6}};
  const testing::TransactionLog<int> output;
  auto run = cluster.start(job(output, std::nullopt));
  run.run_for(1s);
  CHECK(run.checkpoints() > 20);
  require_finish(run);
  require_all(output);
}
