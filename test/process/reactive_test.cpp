// A job on several processes that takes all slots there are.
#include "test/process/failover_cluster.hpp"
#include "test/process/test_cluster.hpp"
#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>

using Catch::Contains;
using weir::test::Child;
using weir::test::FailoverCluster;
using weir::test::run_to_end;
using weir::test::TestCluster;
using weir::test::WordCountRuns;

namespace {

const std::string kScheduler = "jobmanager.adaptive-scheduler.";
const std::vector<std::string> kReactive{
    "--set", "scheduler-mode=reactive",
    "--set", kScheduler + "submission.resource-stabilization-timeout=50ms",
    "--set", kScheduler + "executing.resource-stabilization-timeout=50ms",
    "--set", kScheduler + "executing.cooldown-after-rescaling=0ms"};

// More than is read until the last worker has left.
#ifdef WEIR_SANITIZED
constexpr int kFiles = 800;
#else
constexpr int kFiles = 3'000;
#endif

std::vector<std::string> worker(const TestCluster& cluster, const std::string& name) {
  return {weir::test::program("word_count"),
          "worker",
          "--join",
          cluster.place(),
          "--slots",
          "2",
          "--name",
          name,
          "--log-level",
          "info"};
}

std::string info(const std::string& places) {
  return run_to_end({weir::test::program("weir"), "info", "word-count", "--to", places}).output;
}

}  // namespace

TEST_CASE("a job takes the slots of workers that join, and does without those that go",
          "[process][cluster][reactive]") {
  TestCluster cluster{kReactive};
  Child first{worker(cluster, "first")};
  REQUIRE(first.wait_for("joined the cluster"));
  WordCountRuns runs;
  runs.write_corpus(1, kFiles, 100'000);
  Child submit{cluster.submit(runs.command())};
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  CHECK_THAT(info(cluster.place()), Contains("parallelism       2"));

  Child second{worker(cluster, "second")};
  REQUIRE(cluster.coordinator().wait_for("rescaled from 2 to 4: worker second joined"));
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  CHECK_THAT(info(cluster.place()), Contains("parallelism       4") &&
                                        Contains("rescaled from 2 to 4: worker second joined") &&
                                        Contains("restarts 0"));

  const auto other = run_to_end(cluster.submit(
      runs.command({"--set", "execution.checkpointing.dir=" + runs.root() + "/other"})));
  CHECK(other.code != 0);
  CHECK_THAT(other.last_line, Contains("job word-count has all slots of this cluster"));

  second.signal(SIGKILL);
  REQUIRE(cluster.coordinator().wait_for("rescaled from 4 to 2: worker second was lost"));
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  CHECK_THAT(info(cluster.place()), Contains("parallelism       2") && Contains("restarts 1"));

  Child third{worker(cluster, "third")};
  REQUIRE(cluster.coordinator().wait_for("rescaled from 2 to 4: worker third joined"));
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  first.signal(SIGTERM);
  REQUIRE(
      cluster.coordinator().wait_for("rescaled from 4 to 2: worker first takes no more subtasks"));
  CHECK(first.wait() == 0);
  CHECK_THAT(first.last_line(), Contains("has left the cluster"));
  const int code = submit.wait();
  INFO(submit.output());
  REQUIRE(code == 0);
  CHECK_THAT(submit.output(), Contains(" 1 restarts"));
  runs.require_exact("final");
}

TEST_CASE("the next leader goes on with the slots that it finds",
          "[process][cluster][failover][reactive]") {
  WordCountRuns runs;
  runs.write_corpus(2, kFiles / 4, 100'000);
  const std::string storage = runs.root() + "/leader";
  std::filesystem::create_directory(storage);
  std::vector<std::string> options{"--set", "high-availability.type=directory",
                                   "--set", "high-availability.storageDir=" + storage,
                                   "--set", "high-availability.directory.heartbeat-interval=200ms",
                                   "--set", "high-availability.directory.takeover-timeout=2s"};
  options.insert(options.end(), kReactive.begin(), kReactive.end());
  FailoverCluster cluster{options};
  const std::size_t leader = cluster.add_coordinator();
  REQUIRE(cluster.coordinator(leader).wait_for("coordinator listens on"));
  const std::size_t standby = cluster.add_coordinator();
  REQUIRE(cluster.coordinator(standby).wait_for("stands by"));
  cluster.find_leader_at(cluster.places());
  for (int i = 0; i < 2; ++i) cluster.add_worker();
  Child submit{cluster.submit(runs.command())};
  REQUIRE(cluster.coordinator(leader).wait_for("checkpoint completed"));
  CHECK_THAT(info(cluster.places()), Contains("parallelism       2"));
  cluster.coordinator(leader).signal(SIGKILL);
  cluster.coordinator(leader).wait();
  REQUIRE(cluster.coordinator(standby).wait_for("coordinator listens on"));
  cluster.add_worker();
  // It may have begun with fewer, before all had come back.
  std::string seen;
  while (seen.find("parallelism       3") == std::string::npos) {
    REQUIRE(cluster.coordinator(standby).wait_for("checkpoint completed"));
    seen = info(cluster.places());
  }
  CHECK_THAT(seen, Contains("restored from"));
  const int code = submit.wait();
  INFO(submit.output());
  REQUIRE(code == 0);
  runs.require_exact("final");
}
