// Scripted faults of a simulated cluster with several coordinators.
#include "simulation/sim_cluster.hpp"
#include "test/support/count_job.hpp"

#include <algorithm>

using namespace std::chrono_literals;
using namespace weir;
using simulation::SimCluster;

namespace {

/// Four seconds of counting on three workers, under two coordinators.
class Counting {
public:
  explicit Counting(std::uint64_t seed, bool shares_locks = true, bool finds_by_store = true)
      : cluster{{.seed = seed,
                 .coordinators = 2,
                 .workers = 3,
                 .slots = 1,
                 .build =
                     [this] {
                       return count.job({.parallelism = 3,
                                         .checkpoint = {.every = 100ms,
                                                        .timeout = 1s,
                                                        .tolerable_failures = 1000,
                                                        .storage = "/checkpoints"}});
                     },
                 .cluster = {.heartbeat = {.interval = 100ms, .timeout = 500ms},
                             .registration = {.initial_timeout = 100ms, .max_timeout = 500ms}},
                 .election =
                     {.heartbeat = 100ms, .step_down = 400ms, .takeover = 600ms, .retry_max = 1s},
                 .shares_locks = shares_locks,
                 .finds_by_store = finds_by_store}} {}

  /// Goes on for a while; returns who leads then.
  std::string leader_after(Duration time) {
    cluster.run_for(time);
    for (const std::string& host : cluster.hosts())
      if (cluster.leads(host)) return host;
    FAIL("nobody leads");
    return {};
  }
  bool stands_by(const std::string& host) const { return !cluster.leads(host); }
  std::string standby_of(const std::string& leader) const {
    return SimCluster::coordinator(leader == SimCluster::coordinator(0) ? 1 : 0);
  }

  std::string text() const {
    std::string text = cluster.report() + "\n";
    for (const std::string& line : cluster.log()) text += line + "\n";
    return text;
  }

  /// To the end, and beyond: the job has run once.
  void check() {
    const bool finished = cluster.finish(1min);
    INFO(text());
    REQUIRE(finished);
    cluster.network().run_for(5s);
    count.check_rows();
    CHECK(cluster.disk().list("/leader/sim/jobs").value().empty());
    CHECK(cluster.disk().list("/leader/sim/results").value().size() == 1);
    CHECK(cluster.rejections() == 0);
  }

  test::CountJob count{{.pace = {.rows_per_poll = 5, .pause = 100ms}}};
  SimCluster cluster;
};

}  // namespace

TEST_CASE("a standby goes on with the job of a leader that was killed", "[cluster][standby]") {
  for (const bool shares_locks : {true, false}) {
    for (const bool finds_by_store : {true, false}) {
      CAPTURE(shares_locks, finds_by_store);
      Counting run{1, shares_locks, finds_by_store};
      const std::string first = run.leader_after(3s);
      REQUIRE(run.cluster.view().checkpoints_completed > 0);
      run.cluster.kill(first);
      const std::string second = run.leader_after(1s);
      CHECK(second == run.standby_of(first));
      run.check();
      CHECK(run.cluster.view().restored.from.has_value());
      CHECK(run.cluster.leaderships() == 2);
    }
  }
}

TEST_CASE("clocks that differ by an hour change nothing", "[cluster][standby]") {
  for (const Duration ahead : {1h, -1h}) {
    CAPTURE(ahead / 1h);
    Counting run{12};
    // The leader's, a standby's and two workers' clocks all differ from each other.
    run.cluster.set_wall_offset(SimCluster::coordinator(0), ahead);
    run.cluster.set_wall_offset(SimCluster::coordinator(1), -ahead);
    run.cluster.set_wall_offset(SimCluster::worker(0), -ahead);
    run.cluster.set_wall_offset(SimCluster::worker(1), ahead);
    const std::string first = run.leader_after(3s);
    CHECK(run.cluster.view().checkpoints_completed > 10);
    CHECK(run.cluster.restarts() == 0);
    // They are set while the job runs, in both directions.
    run.cluster.set_wall_offset(first, {});
    run.cluster.set_wall_offset(SimCluster::worker(0), ahead);
    run.cluster.set_wall_offset(SimCluster::worker(2), -ahead);
    const auto completed = run.cluster.view().checkpoints_completed;
    run.cluster.run_for(1s);
    CHECK(run.cluster.view().checkpoints_completed > completed + 5);
    CHECK(run.cluster.view().checkpoints_failed == 0);
    CHECK(run.cluster.restarts() == 0);
    run.cluster.kill(first);
    const std::string second = run.leader_after(1s);
    CHECK(second == run.standby_of(first));
    run.cluster.kill(SimCluster::worker(1));
    run.cluster.start(SimCluster::worker(1));
    run.check();
    CHECK(run.cluster.leaderships() == 2);
  }
}

TEST_CASE("the lock of a machine without power keeps a standby waiting", "[cluster][standby]") {
  Counting run{2};
  const std::string first = run.leader_after(3s);
  run.cluster.power_off(first);
  run.cluster.run_for(450ms);
  CHECK(run.stands_by(run.standby_of(first)));
  run.check();
  CHECK(run.cluster.leaderships() == 2);
}

TEST_CASE("a leader that was frozen finds another in its place and stands by",
          "[cluster][standby]") {
  Counting run{3};
  const std::string first = run.leader_after(3s);
  run.cluster.network().freeze(first);
  run.cluster.run_for(1s);
  CHECK(run.cluster.leaderships() == 2);
  run.cluster.network().wake(first);
  run.cluster.run_for(500ms);
  CHECK(run.cluster.step_downs() == 1);
  CHECK(run.stands_by(first));
  run.check();
}

TEST_CASE("a leader freezes before any change, and wakes when another leads",
          "[cluster][standby]") {
  for (std::uint64_t change = 1; change <= 25; ++change) {
    CAPTURE(change);
    Counting run{4};
    run.cluster.freeze_before_change(run.leader_after(2s), change, 1500ms);
    run.check();
    CHECK(run.cluster.hangs() == 1);
    CHECK(run.cluster.leaderships() == 2);
  }
}

TEST_CASE("a leader that cannot reach the disk stands by, and another leads",
          "[cluster][standby]") {
  Counting run{5};
  const std::string first = run.leader_after(3s);
  run.cluster.set_disk_reachable(first, false);
  const std::string second = run.leader_after(1200ms);
  CHECK(second == run.standby_of(first));
  CHECK(run.cluster.step_downs() == 1);
  run.check();
}

TEST_CASE("the first leader dies before any of its first changes: the job runs once",
          "[cluster][standby]") {
  for (std::uint64_t change = 1; change <= 40; ++change) {
    CAPTURE(change);
    Counting run{6};
    const auto hosts = {SimCluster::coordinator(0), SimCluster::coordinator(1)};
    const std::string& victim = *(hosts.begin() + change % 2);
    run.cluster.kill_before_change(victim, change);
    run.cluster.run_for(2s);
    run.cluster.spare(victim);
    if (!run.cluster.is_running(victim)) run.cluster.start(victim);
    run.check();
  }
}

TEST_CASE("all coordinators lose power, and the job goes on when one is back",
          "[cluster][standby]") {
  Counting run{7};
  const std::string first = run.leader_after(3s);
  run.cluster.power_off(first);
  run.cluster.power_off(run.standby_of(first));
  run.cluster.run_for(5s);
  run.cluster.start(first);
  run.check();
  CHECK(run.cluster.leaderships() == 2);
}

TEST_CASE("a leader that is cut off from all but the disk goes on when it is back",
          "[cluster][standby]") {
  Counting run{8};
  const std::string leader = run.leader_after(3s);
  for (const std::string& host : run.cluster.hosts())
    if (host != leader) run.cluster.network().partition(leader, host);
  run.cluster.run_for(2s);
  CHECK(run.cluster.leads(leader));
  for (const std::string& host : run.cluster.hosts())
    if (host != leader) run.cluster.network().heal_partition(leader, host);
  run.check();
  CHECK(run.cluster.leaderships() == 1);
}

TEST_CASE("a leader that is deposed while it takes a job over does not say that the job has ended",
          "[cluster][standby]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const std::uint64_t change = 1 + seed % 20;
    CAPTURE(seed, change);
    Counting run{seed};
    const std::string first = run.leader_after(3s);
    const std::string second = run.standby_of(first);
    run.cluster.kill(first);
    run.cluster.start(first);
    // The place of the checkpoints does not answer at first, so the client is there before the job.
    run.cluster.disk().inject({.path_contains = "/checkpoints/count/claim-", .times = 1});
    run.cluster.run_for(1s);
    REQUIRE(run.cluster.leads(second));
    run.cluster.freeze_before_change(second, change, 1500ms);
    run.check();
  }
}

TEST_CASE("a leader that is deposed while it accepts a job leaves the answer to the next",
          "[cluster][standby]") {
  for (std::uint64_t change = 1; change <= 40; ++change) {
    CAPTURE(change);
    Counting run{10};
    for (const int i : {0, 1})
      run.cluster.freeze_before_change(SimCluster::coordinator(i), change, 1500ms);
    run.check();
  }
}

TEST_CASE("the place of the checkpoints fails once while a job is taken over",
          "[cluster][standby]") {
  for (std::uint64_t skip = 0; skip < 40; ++skip) {
    CAPTURE(skip);
    Counting run{11};
    run.cluster.kill(run.leader_after(3s));
    run.cluster.disk().inject({.path_contains = "/checkpoints", .skip = skip});
    run.check();
  }
}
