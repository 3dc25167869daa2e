// Scripted faults of a simulated cluster.
#include "simulation/sim_cluster.hpp"
#include "test/support/count_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace std::chrono_literals;
using namespace weir;
using Catch::Contains;
using simulation::SimCluster;

namespace {

/// Four seconds of counting in three slots.
class Counting {
public:
  explicit Counting(std::uint64_t seed, int workers = 3, int inline_threshold = 20'000,
                    runtime::HeartbeatOptions heartbeat = {.interval = 100ms, .timeout = 500ms})
      : cluster{{.seed = seed,
                 .workers = workers,
                 .slots = 3 / workers,
                 .build =
                     [=, this] {
                       return count.job({.parallelism = 3,
                                         .checkpoint = {.every = 100ms,
                                                        .timeout = 1s,
                                                        .tolerable_failures = 1000,
                                                        .storage = "/checkpoints",
                                                        .inline_threshold = inline_threshold}});
                     },
                 .cluster = {.heartbeat = heartbeat,
                             .registration = {.initial_timeout = 100ms, .max_timeout = 1s}}}} {}

  void check() {
    const bool finished = cluster.finish(1min);
    INFO(cluster.report());
    REQUIRE(finished);
    count.check_rows();
  }

  test::CountJob count{{.pace = {.rows_per_poll = 5, .pause = 100ms}}};
  SimCluster cluster;
};

}  // namespace

TEST_CASE("a simulated cluster runs a job without a restart", "[cluster]") {
  Counting run{1};
  run.check();
  CHECK(run.cluster.restarts() == 0);
  CHECK(run.cluster.view().checkpoints_completed > 10);
  CHECK(run.count.output.pending() == 0);
}

TEST_CASE("a worker whose messages come is alive, however late its heartbeats are", "[cluster]") {
  // Of 40 seeds 30 bring so many messages that no gap is as long as the timeout.
  for (std::uint64_t seed = 33; seed <= 37; ++seed) {
    CAPTURE(seed);
    Counting run{seed, 3, 20'000, {.interval = 490ms, .timeout = 500ms}};
    run.cluster.run_for(1s);
    REQUIRE(run.cluster.has_checkpoint());
    const int before = run.cluster.view().restarts;
    const auto set_delay = [&](Duration longest) {
      for (const std::string& from : run.cluster.hosts()) {
        for (const std::string& to : run.cluster.hosts())
          if (from != to) run.cluster.network().cable(from, to).delay_max = longest;
      }
    };
    set_delay(300ms);
    run.cluster.run_for(2s);
    CHECK_FALSE(run.cluster.has_ended());
    CHECK(run.cluster.view().restarts == before);
    CHECK(run.cluster.log().end() ==
          std::find_if(run.cluster.log().begin(), run.cluster.log().end(), [](const auto& line) {
            return line.find("not heard any more") != std::string::npos;
          }));
    set_delay(simulation::Cable{}.delay_max);
    run.check();
  }
}

TEST_CASE("a worker that is killed is replaced by a new process", "[cluster]") {
  Counting run{2};
  run.cluster.run_for(3s);
  run.cluster.kill("worker-1");
  run.cluster.start("worker-1");
  run.check();
  CHECK(run.cluster.restarts() >= 1);
}

TEST_CASE("a worker that was frozen for long comes back and joins anew", "[cluster]") {
  Counting run{3};
  run.cluster.run_for(3s);
  run.cluster.network().freeze("worker-2");
  run.cluster.run_for(4s);
  CHECK(run.cluster.restarts() >= 1);
  run.cluster.network().wake("worker-2");
  run.check();
}

TEST_CASE("a job is continued under the next coordinator", "[cluster]") {
  Counting run{4};
  run.cluster.run_for(3s);
  const auto completed = run.cluster.view().checkpoints_completed;
  REQUIRE(completed > 0);
  run.cluster.kill("coordinator");
  run.cluster.start("coordinator");
  run.check();
  CHECK(run.cluster.view().restored.from.has_value());
}

TEST_CASE("a worker is lost while it is asked to host a job", "[cluster]") {
  Counting run{5, 1};
  run.cluster.run_for(2s);
  run.cluster.network().freeze("coordinator");
  run.cluster.run_for(1s);  // the worker notices, and ends what it runs
  run.cluster.network().freeze("worker-0");
  run.cluster.network().wake("coordinator");
  run.cluster.run_for(1s);  // it asks a worker that does not hear, and then loses it
  run.cluster.network().wake("worker-0");
  run.check();
}

TEST_CASE("a connection between two workers is reset and stands again at once", "[cluster]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Counting run{seed};
    run.cluster.run_for(2s);
    run.cluster.network().reset("worker-0", "worker-1");
    run.check();
    // Nobody knows what was lost.
    CHECK(run.cluster.restarts() >= 1);
  }
}

TEST_CASE("a coordinator dies in the middle of a write", "[cluster]") {
  for (std::uint64_t change = 1; change <= 6; ++change) {
    CAPTURE(change);
    Counting run{7};
    run.cluster.run_for(2s);
    run.cluster.kill_before_change("coordinator", change);
    run.cluster.run_for(1s);
    REQUIRE_FALSE(run.cluster.is_running("coordinator"));
    run.cluster.start("coordinator");
    run.check();
  }
}

TEST_CASE("a machine that answers no dial keeps nobody from reaching others", "[cluster]") {
  Counting run{8};
  run.cluster.run_for(1s);
  run.cluster.power_off("worker-1");
  run.cluster.network().reset("worker-0", "coordinator");
  run.cluster.network().reset("worker-2", "coordinator");
  run.cluster.run_for(3s);
  run.cluster.start("worker-1");
  run.check();
}

TEST_CASE("a subtask dies before its neighbours in the same process hear of it", "[cluster]") {
  for (const std::string victim : {"numbers/0", "counts/0", "numbers/2", "counts/2"}) {
    CAPTURE(victim);
    Counting run{9, 1};
    const auto is_there = [&] {
      const auto names = run.cluster.actors_of("worker-0");
      return std::find(names.begin(), names.end(), victim) != names.end();
    };
    REQUIRE(run.cluster.network().run_until(is_there, 2s));
    REQUIRE(run.cluster.kill_actor("worker-0", victim));
    run.check();
    CHECK(run.cluster.restarts() >= 1);
  }
}

TEST_CASE("a worker that is dialled is replaced by another process, which answers", "[cluster]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Counting run{seed};
    run.cluster.run_for(1s);
    run.cluster.kill("worker-1");
    run.cluster.start("worker-1");  // the newest dials the others
    run.cluster.run_for(500ms);
    // What worker-1 sends comes late: its dial, and its answer to a dial of the new process.
    run.cluster.network().cut("worker-1", "worker-2");
    run.cluster.kill("worker-2");
    run.cluster.start("worker-2");
    run.cluster.run_for(2s);
    run.cluster.network().heal("worker-1", "worker-2");
    run.check();
  }
}

TEST_CASE("a subtask reads its state again when the storage is back", "[cluster]") {
  Counting run{10, 3, 0};  // its state lies in files
  const std::string victim = "counts/0";
  const auto host_of_victim = [&]() -> std::string {
    for (const std::string& host : run.cluster.hosts()) {
      const auto names = run.cluster.actors_of(host);
      if (std::find(names.begin(), names.end(), victim) != names.end()) return host;
    }
    return {};
  };
  run.cluster.run_for(2s);
  REQUIRE(run.cluster.has_checkpoint());
  const std::string host = host_of_victim();
  REQUIRE_FALSE(host.empty());
  run.cluster.set_disk_reachable(host, false);
  REQUIRE(run.cluster.kill_actor(host, victim));
  run.cluster.run_for(3s);
  CHECK_FALSE(run.cluster.has_ended());
  CHECK_THAT(run.cluster.view().last_failure, Contains("its state cannot be restored"));
  CHECK_THAT(run.cluster.view().last_failure, Contains("the disk cannot be reached"));
  run.cluster.set_disk_reachable(host, true);
  run.check();
  CHECK(run.cluster.view().restored.from.has_value());
}

TEST_CASE("a worker that is cut off ends its subtasks by itself", "[cluster]") {
  Counting run{11};
  run.cluster.run_for(2s);
  REQUIRE_FALSE(run.cluster.actors_of("worker-1").empty());
  for (const char* other : {"coordinator", "worker-0", "worker-2"})
    run.cluster.network().partition("worker-1", other);
  run.cluster.run_for(1s);
  CHECK(run.cluster.actors_of("worker-1").empty());
  for (const char* other : {"coordinator", "worker-0", "worker-2"})
    run.cluster.network().heal_partition("worker-1", other);
  run.check();
}
