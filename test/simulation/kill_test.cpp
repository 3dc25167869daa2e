// Jobs on a simulated machine: whoever dies, whenever, the output is exactly right.
#include "test/support/kill_matrix.hpp"

using namespace std::chrono_literals;
using namespace weir;
using test::CountJob;
using test::figures_of;
using test::require_finish;

TEST_CASE("without failures every count is committed once", "[sim]") {
  testing::Cluster cluster{{.seed = 1}};
  CountJob count;
  auto run = cluster.start(count.job());
  require_finish(run);
  CHECK(run.restarts() == 0);
  CHECK(run.checkpoints() > 5);
  count.check_exactly_once();
}

TEST_CASE("one seed is one trace", "[sim]") {
  const auto trace = [](std::uint64_t seed) {
    testing::Cluster cluster{{.seed = seed, .disturbed_messages = 0.1}};
    CountJob count;
    auto run = cluster.start(count.job());
    run.at(testing::checkpoint(2), Phase::aligning).kill("counts/1");
    require_finish(run);
    return run.trace();
  };
  const auto first = trace(5);
  CHECK(first == trace(5));
  CHECK(first != trace(6));
}

TEST_CASE("whoever dies at whatever phase of a checkpoint, each count is committed once",
          "[sim][swarm]") {
  test::for_each_seed(5,
                      [](std::uint64_t seed) { return test::require_exact_under_kills(seed, {}); });
}

TEST_CASE("with sources that hardly pause, records that overtake a barrier wait for it",
          "[sim][swarm]") {
  test::for_each_seed(20, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    CountJob count{CountJob::busy()};
    auto run = cluster.start(count.job({.checkpoint = {.every = 300us}}));
    run.at(testing::checkpoint(3), Phase::committing).kill("counts/0");
    run.at(testing::checkpoint(2 + seed % 20), Phase::aligning).kill("any");
    require_finish(run);
    CHECK(run.restarts() >= 1);
    count.check_exactly_once();
    return figures_of(run);
  });
}

TEST_CASE("parts that die again and again, also while they restore, do no harm", "[sim][swarm]") {
  test::for_each_seed(30, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    auto run = cluster.start(count.job());
    // Every 7 ms of virtual time somebody dies, whatever the job is doing: most restarts, which
    // begin 10 ms after a failure, are cut short.
    for (int i = 0; i < 40 && !run.has_ended(); ++i) {
      run.run_for(7ms);
      run.kill("any");
    }
    require_finish(run);
    CHECK(run.restarts() >= 5);
    count.check_exactly_once();
    return figures_of(run);
  });
}

TEST_CASE("kills at random moments come from a seed and a rate", "[sim]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    auto run = cluster.start(count.job());
    run.chaos("kill any at random 20/s seed " + std::to_string(seed) + " times 5");
    require_finish(run);
    CHECK(run.restarts() >= 1);
    count.check_exactly_once();
  }
}

TEST_CASE("a subtask that dies after so many records is replaced", "[sim]") {
  testing::Cluster cluster{{.seed = 3}};
  CountJob count;
  auto run = cluster.start(count.job());
  run.chaos("kill counts/0 after 100 records");
  run.chaos("kill node after 200 records");
  require_finish(run);
  CHECK(run.restarts() == 2);
  count.check_exactly_once();
}

TEST_CASE("lost, repeated and late control messages change nothing", "[sim][swarm]") {
  test::for_each_seed(40, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .disturbed_messages = 0.2}};
    CountJob count;
    auto run =
        cluster.start(count.job({.checkpoint = {.timeout = 200ms, .tolerable_failures = 1000}}));
    require_finish(run);
    count.check_exactly_once();
    return figures_of(run);
  });
}

TEST_CASE("at least once: nothing is missing, whoever dies", "[sim]") {
  std::size_t repeated = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count{CountJob::busy()};
    auto run = cluster.start(
        count.job({.checkpoint = {.every = 300us, .guarantee = Guarantee::at_least_once}}));
    run.at(testing::checkpoint(3), Phase::committing).kill("counts/0");
    require_finish(run);
    count.check_at_least_once();
    for (const auto& [key, counts] : count.committed())
      repeated += counts.back() > static_cast<std::int64_t>(count.expected(key)) ? 1 : 0;
  }
  // In one of a dozen runs the cut falls so that something repeats. That nothing ever does would
  // mean that barriers block after all.
  CHECK(repeated > 0);
}

TEST_CASE("several checkpoints at once: each cut is exact", "[sim][swarm]") {
  test::for_each_seed(30, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    auto run = cluster.start(
        count.job({.checkpoint = {.every = 3ms, .max_concurrent = 3, .retained = 2}}));
    run.chaos("kill any at checkpoint " + std::to_string(5 + seed % 30) + " acknowledged");
    require_finish(run);
    count.check_exactly_once();
    return figures_of(run);
  });
}

TEST_CASE("a job shorter than the interval commits all at its end", "[sim]") {
  testing::Cluster cluster{{.seed = 1}};
  CountJob count;
  auto run = cluster.start(count.job({.checkpoint = {.every = 1h}}));
  require_finish(run);
  CHECK(run.checkpoints() == 1);
  count.check_exactly_once();
}

TEST_CASE("a job that dies in its last checkpoint repeats it", "[sim]") {
  for (const char* rule :
       {"kill counts/0 at checkpoint 1 aligning", "kill coordinator at checkpoint 1 completed",
        "kill coordinator at checkpoint 1 committing",
        "kill counts/1 at checkpoint 1 committing"}) {
    CAPTURE(rule);
    testing::Cluster cluster{{.seed = 2}};
    CountJob count;
    auto run = cluster.start(count.job({.checkpoint = {.every = 1h}}));
    run.chaos(rule);
    require_finish(run);
    CHECK(run.restarts() == 1);
    count.check_exactly_once();
  }
}

TEST_CASE("a source without splits, and more subtasks than splits, end", "[sim]") {
  for (const int parallelism : {2, 8}) {
    testing::Cluster cluster{{.seed = 4}};
    CountJob count{{.rows = 30, .partitions = 1}};
    auto run = cluster.start(count.job({.parallelism = parallelism}));
    require_finish(run);
    count.check_exactly_once();
  }
  testing::Cluster cluster;
  CountJob empty{{.rows = 0, .partitions = 0}};
  auto run = cluster.start(empty.job());
  require_finish(run);
  CHECK(empty.output.committed().empty());
}
