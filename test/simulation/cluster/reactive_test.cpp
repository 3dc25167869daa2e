// A job that takes all slots of a simulated cluster, whose workers come and go.
#include "test/simulation/cluster/cluster_chaos.hpp"
#include "test/simulation/cluster/cluster_jobs.hpp"
#include "test/support/count_job.hpp"
#include "test/support/swarm.hpp"

#include <algorithm>

using namespace std::chrono_literals;
using namespace weir;
using Catch::Contains;
using simulation::SimCluster;

namespace {

JobOptions job_options() {
  return {.checkpoint = {.every = 100ms,
                         .timeout = 1s,
                         .tolerable_failures = 1000,
                         .storage = "/checkpoints"},
          .restart = restart::fixed_delay({.attempts = 100'000, .delay = 10ms})};
}

runtime::ClusterOptions reactive() {
  return {.heartbeat = {.interval = 100ms, .timeout = 500ms},
          .registration = {.initial_timeout = 100ms, .max_timeout = 1s},
          .is_reactive = true,
          .scaling = {.wait_timeout = 1h,
                      .start_stabilization = 200ms,
                      .running_stabilization = 300ms,
                      .cooldown = 500ms}};
}

/// Eight seconds of counting with two slots, unless workers come.
class Counting {
public:
  explicit Counting(std::uint64_t seed, int standby = 1, JobOptions options = job_options(),
                    const runtime::ClusterOptions& scaling = reactive())
      : cluster{{.seed = seed,
                 .workers = 1 + standby,
                 .slots = 2,
                 .build =
                     [this, options] {
                       Job job{"count", options};
                       job.source("numbers", count.input.source())
                           .key_by([keys = count.shape.keys](int n) { return n % keys; })
                           .count("counts")
                           .sink("out", count.output.sink());
                       return job;
                     },
                 .cluster = scaling}} {
    for (int i = 1; i <= standby; ++i) cluster.kill(SimCluster::worker(i));
  }

  std::uint32_t parallelism() const { return cluster.view().scale.parallelism; }
  const std::string& last_rescale() const { return cluster.view().scale.last_rescale; }

  void check() {
    const bool finished = cluster.finish(1min);
    INFO(text());
    REQUIRE(finished);
    count.check_rows();
  }

  std::string text() const {
    std::string text = cluster.report() + "\n";
    for (const std::string& line : cluster.log()) text += line + "\n";
    return text;
  }

  test::CountJob count{
      {.rows = 1200, .partitions = 6, .pace = {.rows_per_poll = 5, .pause = 200ms}}};
  SimCluster cluster;
};

}  // namespace

TEST_CASE("a job takes the slots of a worker that joins, and goes on with fewer when it is lost",
          "[cluster][reactive]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Counting run{seed};
    run.cluster.run_for(2s);
    INFO(run.text());
    REQUIRE(run.cluster.view().state == runtime::JobState::running);
    CHECK(run.parallelism() == 2);
    CHECK(run.last_rescale().empty());
    run.cluster.start("worker-1");
    run.cluster.run_for(2s);
    CHECK(run.parallelism() == 4);
    CHECK(run.last_rescale() == "rescaled from 2 to 4: worker worker-1 joined");
    CHECK(run.cluster.view().restarts == 0);
    CHECK(run.cluster.view().restored.from.has_value());
    run.cluster.kill("worker-1");
    run.cluster.run_for(1s);
    CHECK(run.cluster.view().state == runtime::JobState::running);
    CHECK(run.parallelism() == 2);
    CHECK(run.last_rescale() == "rescaled from 4 to 2: worker worker-1 was lost");
    CHECK(run.cluster.view().restarts == 1);
    run.check();
  }
}

TEST_CASE("a worker that joins soon takes part from the beginning", "[cluster][reactive]") {
  Counting run{6};
  run.cluster.start("worker-1");
  run.cluster.run_for(1s);
  INFO(run.text());
  CHECK(run.parallelism() == 4);
  run.check();
  CHECK(run.last_rescale().empty());
}

TEST_CASE("a job takes more slots behind a checkpoint that is taken for it",
          "[cluster][reactive]") {
  JobOptions options = job_options();
  options.checkpoint.every = 1h;
  options.checkpoint.timeout = 1min;
  Counting run{7, 1, options};
  run.cluster.run_for(2s);
  REQUIRE(run.cluster.view().checkpoints_completed == 0);
  run.cluster.start("worker-1");
  run.cluster.run_for(2s);
  INFO(run.text());
  CHECK(run.parallelism() == 4);
  CHECK(run.cluster.view().checkpoints_completed == 1);
  CHECK(run.cluster.view().restored.from.has_value());
  run.check();
  CHECK(run.cluster.restarts() == 0);
}

TEST_CASE("an operator with a parallelism of its own keeps it", "[cluster][reactive]") {
  const test::ClusterJob wide = test::wide_job(job_options());
  SimCluster cluster{
      {.seed = 8, .workers = 2, .slots = 2, .build = wide.build, .cluster = reactive()}};
  cluster.kill("worker-1");
  cluster.run_for(1s);
  cluster.start("worker-1");
  cluster.run_for(2s);
  INFO(cluster.report());
  CHECK(cluster.view().scale.parallelism == 4);
  const auto count = [&](const std::string& host, const std::string& name) {
    const auto actors = cluster.actors_of(host);
    return std::count(actors.begin(), actors.end(), name);
  };
  CHECK(count("worker-0", "copies/1") + count("worker-1", "copies/1") == 0);
  CHECK(count("worker-0", "counts/3") + count("worker-1", "counts/3") == 1);
  REQUIRE(cluster.finish(1min));
  wide.check(cluster.disk());
}

TEST_CASE("the next coordinator goes on with the slots that it finds", "[cluster][reactive]") {
  Counting run{9};
  run.cluster.run_for(2s);
  REQUIRE(run.parallelism() == 2);
  run.cluster.kill("coordinator");
  run.cluster.start("worker-1");
  run.cluster.start("coordinator");
  run.cluster.run_for(4s);
  INFO(run.text());
  CHECK(run.parallelism() == 4);
  CHECK(run.cluster.view().restored.from.has_value());
  run.check();
}

TEST_CASE("a job that finds no slots in time has failed, and begins when there are some",
          "[cluster][reactive]") {
  runtime::ClusterOptions impatient = reactive();
  impatient.scaling.wait_timeout = 1s;
  Counting run{10, 1, job_options(), impatient};
  run.cluster.kill("worker-0");
  run.cluster.run_for(500ms);
  CHECK_THAT(run.cluster.view().waiting_for, Contains("job needs at least 1, cluster has 0 slots"));
  run.cluster.run_for(2s);
  CHECK_THAT(run.cluster.view().last_failure, Contains("no slots within 1 s"));
  run.cluster.start("worker-0");
  run.check();
}

TEST_CASE("a job that cannot be built with another parallelism fails, and says why",
          "[cluster][reactive]") {
  const test::ClusterJob job = test::simple_job(job_options());
  int builds = 0;
  const auto build = [&] { return ++builds == 1 ? job.build() : Job{"count", job_options()}; };
  SimCluster cluster{{.seed = 11, .workers = 1, .slots = 3, .build = build, .cluster = reactive()}};
  REQUIRE_FALSE(cluster.finish(10s));
  REQUIRE(cluster.has_ended());
  CHECK(cluster.view().outcome->kind == runtime::JobOutcome::Kind::failed);
  CHECK_THAT(cluster.view().outcome->reason,
             Contains("the job cannot be built with parallelism 3: "));
}

namespace {

/// Workers that join, die, freeze and are cut off, drawn from a seed.
test::Figures run_reactive(std::uint64_t seed,
                           test::ClusterJob (*make)(const JobOptions& options)) {
  CAPTURE(seed);
  base::Random random{seed ^ 0x5ca1eU};
  const test::ClusterJob job = make(job_options());
  const int workers = 2 + static_cast<int>(random.below(3));
  SimCluster cluster{{.seed = seed,
                      .workers = workers,
                      .slots = 1 + static_cast<int>(random.below(2)),
                      .build = job.build,
                      .cluster = reactive()}};
  test::ClusterChaos chaos{cluster, random.next()};
  for (int i = 1; i < workers; ++i) {
    if (random.chance(0.7)) cluster.kill(SimCluster::worker(i));
  }
  std::uint64_t joined = 0;
  for (std::uint64_t steps = 1 + random.below(5); steps != 0 && !cluster.has_ended(); --steps) {
    cluster.run_for(std::chrono::milliseconds{random.below(1500)});
    const auto host =
        SimCluster::worker(static_cast<int>(random.below(static_cast<std::uint64_t>(workers))));
    if (!cluster.is_running(host)) {
      cluster.note("chaos: start " + host);
      cluster.start(host);
      ++joined;
    } else {
      chaos.disturb(1);
    }
  }
  chaos.repair();
  const bool finished = cluster.finish(5min);
  std::string text = cluster.report() + "\n";
  for (const std::string& line : cluster.log()) text += line + "\n";
  INFO(text);
  REQUIRE(finished);
  job.check(cluster.disk());
  cluster.network().run_for(5s);  // whoever comes back late changes nothing
  job.check(cluster.disk());
  test::Figures figures = chaos.figures();
  figures.plans = joined;
  figures.restarts = cluster.restarts();
  return figures;
}

}  // namespace

TEST_CASE("workers come and go, and a job that takes all slots counts exactly",
          "[cluster][reactive][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) { return run_reactive(seed, test::simple_job); });
}

TEST_CASE("workers come and go, and a job of several sources counts exactly",
          "[cluster][reactive][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) { return run_reactive(seed, test::wide_job); });
}

TEST_CASE("workers come and go, and words are counted exactly into files",
          "[cluster][reactive][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) { return run_reactive(seed, test::words_job); });
}
