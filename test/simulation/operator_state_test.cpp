// Jobs whose operators keep state without keys: whoever dies, whenever, and at whatever parallelism
// they go on, the output is exactly right.
#include "test/support/keeping_operators.hpp"
#include "test/support/kill_matrix.hpp"

#include <weir/testing.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using test::CountJob;
using test::Figures;
using test::figures_of;
using test::require_finish;

namespace {

constexpr int kNumbers = 600;

JobOptions with_defaults(JobOptions options, std::uint64_t seed) {
  options.checkpoint.every = 50ms;
  options.checkpoint.inline_threshold = seed % 3 == 0 ? 20'000 : 0;
  options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
  return options;
}

/// numbers -> what P makes of them -> log. The operators have the names of a CountJob, so that the
/// same are killed.
template <class P, class Out>
struct StateJob {
  testing::ReplayLog<int> input{
      CountJob::numbers(kNumbers), 3, {.rows_per_poll = 5, .pause = 10ms}};
  testing::TransactionLog<Out> output;
  bool broadcasts = false;

  Job job(JobOptions options) const {
    Job job{"count", options};
    const auto source = job.source("numbers", input.source());
    (broadcasts ? source.broadcast() : source.rebalance())
        .template process<P>("counts")
        .sink("out", output.sink());
    return job;
  }
};

struct BatchJob : StateJob<test::Batches, int> {
  void check() const {
    test::Batches::check(output.committed(), kNumbers);
    CHECK(output.pending() == 0);
  }
};

struct TallyJob : StateJob<test::Tally, int> {
  void check() const { test::Tally::check(output.committed(), kNumbers); }
};

struct CensusJob : StateJob<test::Census, std::pair<int, int>> {
  CensusJob() { broadcasts = true; }
  void check(int parallelism = 2) const {
    test::Census::check(output.committed(), kNumbers, parallelism);
  }
};

template <class J>
Figures require_exact_under_kills(std::uint64_t seed) {
  CAPTURE(seed);
  return test::for_each_kill([&](const char* victim, Phase phase) {
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    J counted;
    auto run = cluster.start(counted.job(with_defaults({.parallelism = 2}, seed)));
    run.at(testing::checkpoint(1 + seed % 4), phase).kill(victim);
    require_finish(run);
    CHECK(run.restarts() >= 1);
    counted.check();
    return figures_of(run);
  });
}

/// Goes on with a job from one savepoint to the next, each time at another parallelism, and
/// somebody dies on the way; returns the last parallelism.
template <class J>
int move_on(testing::Cluster& cluster, const J& counted, std::uint64_t seed) {
  std::string path;
  const std::vector<int> parallelisms{2, 5, 1, 3};
  for (std::size_t i = 0; i < parallelisms.size(); ++i) {
    JobOptions options = with_defaults({.parallelism = parallelisms[i]}, seed + i);
    options.checkpoint.storage = "/chk" + std::to_string(i);
    auto run = cluster.start(counted.job(options), {.restore_path = path});
    if (i + 1 == parallelisms.size()) {
      require_finish(run);
      break;
    }
    run.run_for(std::chrono::milliseconds{20 + 5 * (seed % 7)});
    run.kill("any");
    run.run_for(30ms);
    auto savepoint = run.savepoint("/sp", StopMode::suspend);
    for (int tries = 0; !savepoint.ok() && tries < 20; ++tries) {
      run.run_for(5ms);  // it still restarts
      savepoint = run.savepoint("/sp", StopMode::suspend);
    }
    INFO(savepoint.status().message());
    REQUIRE(savepoint.ok());
    path = *savepoint;
    CHECK_FALSE(run.finish());
  }
  return parallelisms.back();
}

}  // namespace

TEST_CASE("numbers that an operator holds back leave once, whoever dies at whatever phase",
          "[sim][swarm][operator state]") {
  test::for_each_seed(4, require_exact_under_kills<BatchJob>);
}

TEST_CASE("a union list says who counted what, whoever dies at whatever phase",
          "[sim][swarm][operator state]") {
  test::for_each_seed(3, require_exact_under_kills<TallyJob>);
}

TEST_CASE("a broadcast map is the same everywhere, whoever dies at whatever phase",
          "[sim][swarm][operator state]") {
  test::for_each_seed(3, require_exact_under_kills<CensusJob>);
}

TEST_CASE("operator state goes from savepoint to savepoint at other parallelisms",
          "[sim][swarm][savepoint][operator state]") {
  test::for_each_seed(6, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    const BatchJob batches;
    move_on(cluster, batches, seed);
    batches.check();
    const TallyJob tally;
    move_on(cluster, tally, seed);
    tally.check();
    const CensusJob census;
    census.check(move_on(cluster, census, seed));
    return Figures{};
  });
}

TEST_CASE("operator state that the job no longer declares is refused, or dropped",
          "[sim][operator state]") {
  testing::Cluster cluster{{.seed = 3}};
  const BatchJob batches;
  JobOptions options = with_defaults({.parallelism = 2}, 1);
  options.checkpoint.storage = "/chk";
  auto first = cluster.start(batches.job(options));
  first.run_for(120ms);
  const std::string path = first.savepoint("/sp", StopMode::suspend).value();
  CHECK_FALSE(first.finish());
  REQUIRE(first.has_ended());
  options.checkpoint.storage = "/other";
  TallyJob tally;
  tally.output = batches.output;  // where what the savepoint holds is committed
  const auto refused = cluster.try_start(tally.job(options), {.restore_path = path});
  REQUIRE_FALSE(refused.ok());
  CHECK_THAT(refused.status().message(),
             Catch::Contains("state \"waiting\" of operator \"counts\"") &&
                 Catch::Contains("--allow-non-restored-state"));
  auto run =
      cluster.start(tally.job(options), {.restore_path = path, .allow_non_restored_state = true});
  require_finish(run);
}

namespace {

/// Keeps nothing and cannot be restored.
class Refusing final : public Process<int, int> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<int>&) override { all_.add(n); }
  void on_restore(const OperatorInfo& info) override {
    if (info.attempt < 4) throw std::runtime_error{"not yet"};
    restored_ = true;
  }
  void on_end(Emit<int>& out) override { out(restored_ ? 1 : 0); }

private:
  OperatorListState<int> all_{*this, "all"};
  bool restored_ = false;
};

}  // namespace

TEST_CASE("on_restore is called when there is something to restore, and may fail",
          "[sim][operator state]") {
  testing::Cluster cluster{{.seed = 2}};
  const StateJob<Refusing, int> job;
  auto run = cluster.start(job.job(with_defaults({.parallelism = 2}, 1)));
  REQUIRE(run.run_until_checkpoint(2));
  run.kill("counts/0");
  require_finish(run);
  CHECK(run.restarts() == 3);  // attempts 2 and 3 fail in it
  CHECK(job.output.committed() == std::vector<int>{1, 1});

  testing::Cluster other{{.seed = 2}};
  const StateJob<Refusing, int> unharmed;
  auto without = other.start(unharmed.job(with_defaults({.parallelism = 2}, 1)));
  require_finish(without);
  CHECK(unharmed.output.committed() == std::vector<int>{0, 0});
}
