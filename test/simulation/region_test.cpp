// Jobs of several regions: what has failed restarts, whatever else does not, and the output is
// exactly right.
#include "test/support/count_job.hpp"
#include "test/support/numbers.hpp"
#include "test/support/sim_figures.hpp"

#include <weir/testing.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

using Opens = std::map<std::string, int>;  // of splits, by id

constexpr int kSplits = 12;
constexpr int kPerSplit = 100;

/// Splits of a hundred numbers each; `opens` counts how often each was begun or continued.
auto counted_source(const std::shared_ptr<Opens>& opens, Assignment assignment, int splits) {
  return make_source(
      [splits] {
        std::vector<Split> all;
        for (int i = 0; i < splits; ++i) all.push_back({std::to_string(i), std::uint64_t{1} << 30});
        return all;
      },
      [opens](const Split& split, std::optional<int> at) {
        ++(*opens)[split.id];
        const int begin = std::stoi(split.id) * kPerSplit;
        return std::make_unique<test::Numbers>(at.value_or(begin), begin + kPerSplit);
      },
      {.assignment = assignment});
}

JobOptions options_of(int parallelism, FailoverStrategy failover = FailoverStrategy::region) {
  return {.parallelism = parallelism,
          .checkpoint = {.every = 50ms, .timeout = 200ms, .tolerable_failures = 1000},
          .restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms}),
          .failover = failover};
}

/// Lanes that share nothing but the splits of their source: each is a region.
struct Lanes {
  explicit Lanes(int parallelism, Assignment assignment = Assignment::on_request,
                 FailoverStrategy failover = FailoverStrategy::region)
      : job{"lanes", options_of(parallelism, failover)} {
    job.source("numbers", counted_source(opens, assignment, kSplits))
        .map("same", [](int n) { return n; })
        .sink("out", log.sink());
  }

  void check_exactly_once() const {
    std::vector<int> committed = log.committed();
    std::sort(committed.begin(), committed.end());
    REQUIRE(committed == test::CountJob::numbers(kSplits * kPerSplit));
  }

  std::shared_ptr<Opens> opens = std::make_shared<Opens>();
  testing::TransactionLog<int> log;
  Job job;
};

/// Two pipelines with an exchange and state each: two regions.
struct Pipelines {
  Pipelines() : job{"pipelines", options_of(2)} {
    add("a", a_opens, a_log);
    add("b", b_opens, b_log);
  }

  void add(const std::string& name, const std::shared_ptr<Opens>& opens,
           testing::TransactionLog<test::Count>& log) {
    job.source(name + "-numbers", counted_source(opens, Assignment::on_request, 4))
        .key_by([](int n) { return n % 7; })
        .count(name + "-counts")
        .sink(name + "-out", log.sink());
  }

  static void check_exactly_once(const testing::TransactionLog<test::Count>& log) {
    std::vector<test::Count> committed = log.committed();
    std::sort(committed.begin(), committed.end());
    std::vector<test::Count> expected;
    for (int key = 0; key < 7; ++key) {
      const int times = (4 * kPerSplit - key + 6) / 7;
      for (int n = 1; n <= times; ++n) expected.emplace_back(key, n);
    }
    REQUIRE(committed == expected);
  }
  void check_exactly_once() const {
    check_exactly_once(a_log);
    check_exactly_once(b_log);
  }

  /// Requires that all that was read counts once; returns how much that is.
  static int check_read(const testing::TransactionLog<test::Count>& log) {
    std::map<int, std::set<std::int64_t>> counts;
    for (const auto& [key, count] : log.committed()) REQUIRE(counts[key].insert(count).second);
    int read = 0;
    for (const auto& [key, all] : counts) {
      REQUIRE(*all.begin() == 1);
      REQUIRE(*all.rbegin() == static_cast<std::int64_t>(all.size()));
      read += static_cast<int>(all.size());
    }
    CHECK(log.pending() == 0);
    return read;
  }

  std::shared_ptr<Opens> a_opens = std::make_shared<Opens>();
  std::shared_ptr<Opens> b_opens = std::make_shared<Opens>();
  testing::TransactionLog<test::Count> a_log;
  testing::TransactionLog<test::Count> b_log;
  Job job;
};

int most(const Opens& opens) {
  int most = 0;
  for (const auto& [split, times] : opens) most = std::max(most, times);
  return most;
}

int all(const Opens& opens) {
  int all = 0;
  for (const auto& [split, times] : opens) all += times;
  return all;
}

}  // namespace

TEST_CASE("a lane that dies restarts alone: the others read on", "[sim]") {
  for (const auto assignment : {Assignment::on_request, Assignment::spread}) {
    CAPTURE(static_cast<int>(assignment));
    Lanes lanes{4, assignment};
    testing::Cluster cluster{{.seed = 3}};
    auto run = cluster.start(lanes.job);
    run.run_for(170ms);
    run.kill("numbers/1");
    test::require_finish(run);
    CHECK(run.restarts() == 1);
    lanes.check_exactly_once();
    // One lane reads one split at a time, or its three side by side.
    const int again = all(*lanes.opens) - kSplits;
    CHECK(again >= 1);
    CHECK(again <= (assignment == Assignment::spread ? 3 : 2));
  }
}

TEST_CASE("with the strategy full the whole job restarts", "[sim]") {
  Lanes lanes{4, Assignment::spread, FailoverStrategy::full};
  testing::Cluster cluster{{.seed = 3}};
  auto run = cluster.start(lanes.job);
  run.run_for(170ms);
  run.kill("numbers/1");
  test::require_finish(run);
  CHECK(run.restarts() == 1);
  lanes.check_exactly_once();
  CHECK(all(*lanes.opens) == 2 * kSplits);
}

TEST_CASE("a pipeline that fails leaves one beside it alone, whoever dies at whatever phase",
          "[sim][swarm]") {
  test::for_each_seed(5, [](std::uint64_t seed) {
    test::Figures figures;
    for (const char* victim : {"a-numbers/0", "a-counts/1", "a-counts/0"}) {
      for (const auto phase : {Phase::triggered, Phase::aligning, Phase::snapshotted,
                               Phase::acknowledged, Phase::completed, Phase::committing}) {
        CAPTURE(victim, to_string(phase), seed);
        Pipelines pipelines;
        testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
        auto run = cluster.start(pipelines.job);
        run.at(testing::checkpoint(1 + seed % 4), phase).kill(victim);
        test::require_finish(run);
        pipelines.check_exactly_once();
        CHECK(run.restarts() == 1);
        CHECK(most(*pipelines.b_opens) == 1);
        figures += test::figures_of(run);
      }
    }
    return figures;
  });
}

TEST_CASE("a drain is one of all pipelines or of none, whoever dies at whatever phase",
          "[sim][drain][swarm]") {
  int drained = 0;
  int plans = 0;
  test::for_each_seed(3, [&](std::uint64_t seed) {
    test::Figures figures;
    for (const char* victim : {"a-numbers/0", "a-counts/1", "b-counts/0", "coordinator"}) {
      for (const auto phase : {Phase::triggered, Phase::aligning, Phase::snapshotted,
                               Phase::acknowledged, Phase::completed, Phase::committing}) {
        CAPTURE(victim, to_string(phase), seed);
        Pipelines pipelines;
        testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
        auto run = cluster.start(pipelines.job);
        REQUIRE(run.run_until_checkpoint(1));
        const std::uint64_t next = run.checkpoints() + 1;
        const std::uint64_t request = run.ask_savepoint("/sp", StopMode::drain);
        run.at(testing::checkpoint(next), phase).kill(victim);
        test::require_finish(run);
        CHECK(run.restarts() >= 1);
        const bool a_is_cut = Pipelines::check_read(pipelines.a_log) < 4 * kPerSplit;
        const bool b_is_cut = Pipelines::check_read(pipelines.b_log) < 4 * kPerSplit;
        CHECK(a_is_cut == b_is_cut);
        REQUIRE(run.savepoint_answer(request));
        if (run.savepoint_answer(request)->ok()) CHECK(a_is_cut);
        drained += a_is_cut ? 1 : 0;
        ++plans;
        figures += test::figures_of(run);
      }
    }
    return figures;
  });
  CHECK(drained > 0);
  CHECK(drained < plans);
}

TEST_CASE("lanes that die again and again, also while others restart, do no harm", "[sim][swarm]") {
  test::for_each_seed(30, [](std::uint64_t seed) {
    CAPTURE(seed);
    const bool spreads = seed % 3 == 0;
    Lanes lanes{4, spreads ? Assignment::spread : Assignment::on_request};
    testing::Cluster cluster{{.seed = seed,
                              .force_bytes = seed % 2 == 0,
                              .disturbed_messages = seed % 5 == 0 ? 0.05 : 0.0}};
    auto run = cluster.start(lanes.job);
    for (std::uint64_t i = 0; i < 40 && !run.has_ended(); ++i) {
      run.run_for(7ms);
      // Mostly single lanes; now and then whoever it may be, so that whole restarts mix in.
      run.kill(i % 8 == 7 ? "any" : "numbers/" + std::to_string((seed + i * i) % 4));
    }
    test::require_finish(run);
    CHECK(run.restarts() >= 5);
    lanes.check_exactly_once();
    return test::figures_of(run);
  });
}

TEST_CASE("random kill plans of a job of two pipelines", "[sim][swarm]") {
  test::for_each_seed(30, [](std::uint64_t seed) {
    CAPTURE(seed);
    Pipelines pipelines;
    testing::Cluster cluster{{.seed = seed, .disturbed_messages = seed % 4 == 0 ? 0.05 : 0.0}};
    auto run = cluster.start(pipelines.job);
    run.chaos("kill any at random 30/s seed " + std::to_string(seed) + " times 8");
    run.chaos("kill a-counts/0 at checkpoint " + std::to_string(1 + seed % 7) + " acknowledged");
    run.chaos("kill b-numbers/1 at checkpoint " + std::to_string(1 + seed % 5) + " committing");
    test::require_finish(run);
    CHECK(run.restarts() >= 1);
    pipelines.check_exactly_once();
    return test::figures_of(run);
  });
}

TEST_CASE("a job that is asked to stop while a part of it restarts stops behind a checkpoint",
          "[sim]") {
  int stopped = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Lanes lanes{4};
    lanes.job.options().checkpoint.storage = "/checkpoints";
    testing::Cluster cluster{{.seed = seed}};
    auto run = cluster.start(lanes.job);
    run.run_for(170ms);
    run.kill("numbers/2");
    run.run_for(Duration{std::chrono::milliseconds{seed % 12}});
    run.stop();
    run.finish();
    INFO(run.report());
    REQUIRE(run.has_ended());
    CHECK(run.restarts() <= 1);
    const bool has_stopped = run.report().find("outcome 1") != std::string::npos;
    stopped += has_stopped && run.restarts() == 1 ? 1 : 0;
    run.crash();
    run = cluster.start(lanes.job, {.restore_latest = true});
    test::require_finish(run);
    lanes.check_exactly_once();
  }
  CHECK(stopped > 10);  // else the stop always came before the failure, or after the restart
}
