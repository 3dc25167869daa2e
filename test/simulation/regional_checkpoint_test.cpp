// Checkpoints that complete without some regions: whoever dies or refuses at whatever moment, and
// whatever the job restarts from, the output of all lanes is exactly right.
#include "base/random.hpp"
#include "test/support/count_job.hpp"
#include "test/support/numbers.hpp"
#include "test/support/sim_figures.hpp"
#include "test/support/stored_job.hpp"

#include <weir/operator_state.hpp>
#include <weir/testing.hpp>

#include <algorithm>
#include <memory>
#include <string>

using namespace std::chrono_literals;
using namespace weir;
using test::require_finish;
using test::was_regional;

namespace {

constexpr int kSplits = 24;

/// Passes numbers on, and keeps how many there were: in files, so that there is something to carry.
class Tally final : public Process<int, int> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<int>& out) override {
    seen_.add(n);
    out(n);
  }

private:
  OperatorListState<int> seen_{*this, "seen"};
};

/// Lanes that share nothing but the splits of their source: each is a region of its own.
struct Lanes {
  explicit Lanes(bool is_regional, Assignment assignment = Assignment::on_request,
                 int parallelism = 4)
      : per_split{assignment == Assignment::spread ? 300 : 50},  // they are read side by side
        job{"lanes",
            {.parallelism = parallelism,
             .checkpoint = {.every = 50ms,
                            .timeout = 200ms,
                            .tolerable_failures = 1000,
                            .storage = "/checkpoints",
                            .inline_threshold = 0,
                            .write_retry = {.timeout = {}},
                            .regional = {.enabled = is_regional, .max_failure_ratio = 0.5}},
             .restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms})}} {
    auto source = make_source(
        [] {
          std::vector<Split> all;
          for (int i = 0; i < kSplits; ++i)
            all.push_back({std::to_string(i), std::uint64_t{1} << 30});
          return all;
        },
        [n = per_split](const Split& split, std::optional<int> at) {
          const int begin = std::stoi(split.id) * n;
          return std::make_unique<test::Numbers>(at.value_or(begin), begin + n);
        },
        {.assignment = assignment});
    job.source("numbers", std::move(source)).process<Tally>("tally").sink("out", log.sink());
  }

  void check_exactly_once() const {
    std::vector<int> committed = log.committed();
    std::sort(committed.begin(), committed.end());
    REQUIRE(committed == test::CountJob::numbers(kSplits * per_split));
  }

  int per_split;
  testing::TransactionLog<int> log;
  Job job;
};

}  // namespace

TEST_CASE("a lane that dies costs no checkpoint", "[sim][regional]") {
  for (const bool is_regional : {false, true}) {
    Lanes lanes{is_regional};
    testing::Cluster cluster{{.seed = 3}};
    auto run = cluster.start(lanes.job);
    REQUIRE(run.run_until_checkpoint(1));
    const std::uint64_t next = run.checkpoints() + 1;
    run.at(testing::checkpoint(next), Phase::snapshotted).kill("numbers/1");
    require_finish(run);
    CHECK(run.restarts() == 1);
    CHECK(run.failed_checkpoints() == (is_regional ? 0 : 1));
    CHECK(was_regional(run) == is_regional);
    lanes.check_exactly_once();
  }
}

TEST_CASE("whichever lanes die at whichever phase, each number counts once",
          "[sim][regional][swarm]") {
  int regional = 0;
  test::for_each_seed(6, [&](std::uint64_t seed) {
    test::Figures figures;
    for (const auto assignment : {Assignment::on_request, Assignment::spread}) {
      for (const auto phase : {Phase::triggered, Phase::snapshotted, Phase::acknowledged,
                               Phase::completed, Phase::committing}) {
        CAPTURE(static_cast<int>(assignment), to_string(phase), seed);
        Lanes lanes{true, assignment};
        testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
        auto run = cluster.start(lanes.job);
        const std::uint64_t at = 2 + seed % 4;
        run.at(testing::checkpoint(at), phase).kill("numbers/1");
        run.at(testing::checkpoint(at + 1), phase).kill("numbers/1");
        run.at(testing::checkpoint(at + 2), phase).kill("numbers/2");
        require_finish(run);
        CHECK(run.restarts() >= 1);
        regional += was_regional(run) ? 1 : 0;
        lanes.check_exactly_once();
        figures += test::figures_of(run);
      }
    }
    return figures;
  });
  CHECK(regional > 0);
}

TEST_CASE("a job that starts again from a checkpoint without some lanes repeats and loses nothing",
          "[sim][regional][swarm]") {
  int regional = 0;
  test::for_each_seed(20, [&](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    const auto assignment = seed % 3 == 0 ? Assignment::spread : Assignment::on_request;
    Lanes lanes{true, assignment};
    testing::Cluster cluster{{.seed = seed, .force_bytes = random.chance(0.3)}};
    test::Figures figures;
    auto run = cluster.start(lanes.job);
    for (int process = 0; process < 4 && !run.has_ended(); ++process) {
      (void)run.run_until_checkpoint(run.checkpoints() + 1);
      // A lane dies, is refused its state, or does not answer; the checkpoint does without it.
      const std::string lane = std::to_string(random.below(4));
      const std::uint64_t how = random.below(3);
      if (how == 0) run.at(testing::checkpoint(1), Phase::snapshotted).kill("numbers/" + lane);
      if (how == 1) cluster.fail_writes("numbers-" + lane, ErrorCode::unavailable, 1);
      if (how == 2) cluster.hang_writes("numbers-" + lane, 1);
      const std::uint64_t before = run.checkpoints();
      while (!run.has_ended() && run.checkpoints() == before) run.run_for(5ms);
      regional += was_regional(run) ? 1 : 0;
      if (run.has_ended()) break;
      if (random.chance(0.5)) run.run_for(std::chrono::microseconds{random.below(30'000)});
      figures += test::figures_of_crashed(run);
      run.crash();
      run = cluster.start(lanes.job, {.restore_latest = true});
    }
    require_finish(run);
    lanes.check_exactly_once();
    figures += test::figures_of(run);
    return figures;
  });
  CHECK(regional > 5);
}

TEST_CASE("random plans of lanes that die, refuse and hang among restarts of all",
          "[sim][regional][swarm]") {
  int regional = 0;
  test::for_each_seed(40, [&](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    Lanes lanes{true, seed % 3 == 0 ? Assignment::spread : Assignment::on_request,
                3 + static_cast<int>(seed % 3)};
    testing::Cluster cluster{{.seed = seed,
                              .force_bytes = seed % 2 == 0,
                              .disturbed_messages = seed % 5 == 0 ? 0.05 : 0.0}};
    test::Figures figures;
    auto run = cluster.start(lanes.job);
    for (std::uint64_t i = 0; i < 30 && !run.has_ended(); ++i) {
      run.run_for(std::chrono::microseconds{random.below(20'000)});
      const std::string lane = std::to_string(random.below(4));
      switch (random.below(8)) {
        case 0: cluster.fail_writes("numbers-" + lane, ErrorCode::unavailable, 1); break;
        case 1: cluster.hang_writes("numbers-" + lane, 1); break;
        case 2: cluster.slow_writes("numbers-" + lane, 150ms, 2); break;
        case 3: cluster.fail_writes("_metadata", ErrorCode::unavailable, 1); break;
        case 4: run.kill("any"); break;
        default: run.kill("numbers/" + lane);
      }
      if (random.chance(0.05) && !run.has_ended()) {
        regional += was_regional(run) ? 1 : 0;
        figures += test::figures_of_crashed(run);
        run.crash();
        auto next = cluster.try_start(lanes.job, {.restore_latest = true});
        for (int n = 0; n < 20 && !next.ok(); ++n)
          next = cluster.try_start(lanes.job, {.restore_latest = true});
        REQUIRE(next.ok());
        run = std::move(next).value();
      }
    }
    require_finish(run);
    regional += was_regional(run) ? 1 : 0;
    lanes.check_exactly_once();
    figures += test::figures_of(run);
    return figures;
  });
  CHECK(regional > 10);
}

TEST_CASE("a lane that is slow for long holds up no more than every third checkpoint",
          "[sim][regional]") {
  Lanes lanes{true};
  testing::Cluster cluster{{.seed = 5}};
  auto run = cluster.start(lanes.job);
  REQUIRE(run.run_until_checkpoint(1));
  cluster.fail_writes("/numbers-2", ErrorCode::unavailable, 5);  // not what is taken over
  require_finish(run);
  CHECK(was_regional(run));
  CHECK(run.failed_checkpoints() == 1);  // the third: one in a row may fail as ever
  CHECK(run.restarts() == 0);
  lanes.check_exactly_once();
}
