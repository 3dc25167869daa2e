// A job that outlives its coordinators: they are killed and frozen, and others take over.
#include "base/random.hpp"
#include "test/process/failover_cluster.hpp"
#include "test/process/word_count_runs.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>

using namespace weir;
using Catch::Contains;
using test::Child;
using test::FailoverCluster;
using test::run_to_end;
using test::WordCountRuns;

namespace {

std::vector<std::string> in_directory(const WordCountRuns& runs) {
  const std::string storage = runs.root() + "/leader";
  std::filesystem::create_directory(storage);
  return {"--set", "high-availability.type=directory",
          "--set", "high-availability.storageDir=" + storage,
          "--set", "high-availability.directory.heartbeat-interval=200ms",
          "--set", "high-availability.directory.takeover-timeout=2s"};
}

void require_finished(Child& submit) {
  const int code = submit.wait();
  INFO(submit.output());
  REQUIRE(code == 0);
}

}  // namespace

TEST_CASE("a standby takes over from a coordinator that is killed, and every count is right",
          "[process][cluster][failover][swarm]") {
  test::for_each_seed(2, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    test::Figures figures{.plans = 1};
    WordCountRuns runs;
    runs.write_corpus(seed, 100, 100'000);
    FailoverCluster cluster{in_directory(runs)};
    std::size_t leader = cluster.add_coordinator();
    REQUIRE(cluster.coordinator(leader).wait_for("coordinator listens on"));
    std::size_t standby = cluster.add_coordinator();
    REQUIRE(cluster.coordinator(standby).wait_for("stands by"));
    if (random.chance(0.5)) cluster.find_leader_at(cluster.places());
    for (int i = 0; i < 2; ++i) cluster.add_worker();
    const std::string emit = random.chance(0.5) ? "final" : "updates";
    Child submit{cluster.submit(runs.command({"--emit", emit}))};
    for (std::uint64_t kills = 1 + random.below(3); kills != 0; --kills) {
      const bool early = random.chance(0.2);
      const auto moment = cluster.coordinator(leader).wait_for_any(
          {early ? "goes on with a job" : "checkpoint completed"}, &submit);
      if (!moment) break;
      cluster.coordinator(leader).signal(SIGKILL);
      cluster.coordinator(leader).wait();
      ++figures.deaths;
      REQUIRE(cluster.coordinator(standby).wait_for("coordinator listens on"));
      cluster.restart_coordinator(leader);
      REQUIRE(cluster.coordinator(leader).wait_for("stands by"));
      std::swap(leader, standby);
    }
    require_finished(submit);
    runs.require_exact(emit);
    return figures;
  });
}

TEST_CASE("a coordinator that was frozen finds another in its place, and steps down",
          "[process][cluster][failover][swarm]") {
  test::for_each_seed(2, [](std::uint64_t seed) {
    CAPTURE(seed);
    WordCountRuns runs;
    runs.write_corpus(seed, 300, 100'000);
    FailoverCluster cluster{in_directory(runs)};
    const std::size_t frozen = cluster.add_coordinator();
    REQUIRE(cluster.coordinator(frozen).wait_for("coordinator listens on"));
    const std::size_t next = cluster.add_coordinator();
    REQUIRE(cluster.coordinator(next).wait_for("stands by"));
    for (int i = 0; i < 2; ++i) cluster.add_worker();
    const std::string emit = seed % 2 == 0 ? "final" : "updates";
    Child submit{cluster.submit(runs.command({"--emit", emit}))};
    REQUIRE(cluster.coordinator(frozen).wait_for("checkpoint completed"));
    cluster.coordinator(frozen).signal(SIGSTOP);
    REQUIRE(cluster.coordinator(next).wait_for("goes on with a job"));
    if (seed % 3 != 0) REQUIRE(cluster.coordinator(next).wait_for("checkpoint completed"));
    cluster.coordinator(frozen).signal(SIGCONT);
    REQUIRE(cluster.coordinator(frozen).wait_for("leads no longer"));
    REQUIRE(cluster.coordinator(frozen).wait_for("stands by"));
    require_finished(submit);
    runs.require_exact(emit);
    return test::Figures{.plans = 1, .deaths = 1};
  });
}

TEST_CASE("a job that has ended is not run again by the next leader",
          "[process][cluster][failover]") {
  WordCountRuns runs;
  runs.write_corpus(1, 1, 10'000);
  FailoverCluster cluster{in_directory(runs)};
  const std::size_t first = cluster.add_coordinator();
  REQUIRE(cluster.coordinator(first).wait_for("coordinator listens on"));
  for (int i = 0; i < 2; ++i) cluster.add_worker();
  const auto ended = run_to_end(cluster.submit(runs.command()));
  INFO(ended.output);
  REQUIRE(ended.code == 0);
  cluster.coordinator(first).signal(SIGKILL);
  cluster.coordinator(first).wait();
  cluster.restart_coordinator(first);
  REQUIRE(cluster.coordinator(first).wait_for("coordinator listens on"));
  // The next one gets an id of its own.
  WordCountRuns more;
  more.write_corpus(2, 1, 10'000);
  const auto next = run_to_end(cluster.submit(more.command()));
  INFO(next.output);
  REQUIRE(next.code == 0);
  CHECK_THAT(next.output, Contains("job 2 (word-count) is on"));
  CHECK(cluster.coordinator(first).count_of("goes on with a job") == 0);
  runs.require_exact("final");
  more.require_exact("final");
}

TEST_CASE("a standby takes over at once from a leader that ends cleanly",
          "[process][cluster][failover]") {
  WordCountRuns runs;
  runs.write_corpus(1, 60, 100'000);
  FailoverCluster cluster{in_directory(runs)};
  const std::size_t first = cluster.add_coordinator();
  REQUIRE(cluster.coordinator(first).wait_for("coordinator listens on"));
  const std::size_t next = cluster.add_coordinator();
  REQUIRE(cluster.coordinator(next).wait_for("stands by"));
  for (int i = 0; i < 2; ++i) cluster.add_worker();
  Child submit{cluster.submit(runs.command())};
  REQUIRE(cluster.coordinator(first).wait_for("checkpoint completed"));
  cluster.coordinator(first).signal(SIGTERM);
  CHECK(cluster.coordinator(first).wait() == 0);
  REQUIRE(cluster.coordinator(next).wait_for("goes on with a job"));
  require_finished(submit);
  runs.require_exact("final");
}

TEST_CASE("a second job with the same checkpoints is refused while the first one runs",
          "[process][cluster][failover]") {
  WordCountRuns runs;
  runs.write_corpus(1, 60, 100'000);
  FailoverCluster cluster{in_directory(runs)};
  const std::size_t leader = cluster.add_coordinator();
  REQUIRE(cluster.coordinator(leader).wait_for("coordinator listens on"));
  for (int i = 0; i < 2; ++i) cluster.add_worker();
  Child submit{cluster.submit(runs.command())};
  REQUIRE(cluster.coordinator(leader).wait_for("checkpoint completed"));
  const auto second = run_to_end(cluster.submit(runs.command()));
  CHECK(second.code == 3);
  CHECK_THAT(second.last_line, Contains("a job of this cluster has its checkpoints in"));
  require_finished(submit);
  runs.require_exact("final");
}

TEST_CASE("a leader store that cannot be used is named, with the cure",
          "[process][cluster][failover][input]") {
  const std::string word_count = test::program("word_count");
  WordCountRuns runs;
  const std::string locked = runs.root() + "/locked";
  std::filesystem::create_directory(locked);
  std::filesystem::permissions(locked, std::filesystem::perms::owner_read |
                                           std::filesystem::perms::others_read |
                                           std::filesystem::perms::others_exec);
  const auto store = [](const std::string& directory) {
    return std::vector<std::string>{"--set", "high-availability.type=directory", "--set",
                                    "high-availability.storageDir=" + directory};
  };
  const auto with = [](std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  const std::vector<std::string> coordinator{word_count, "coordinator", "--listen", "127.0.0.1:1"};
  struct Case {
    std::vector<std::string> command;
    int code;
    std::string says;
  };
  const std::vector<Case> cases{
      {with(coordinator, store(runs.root() + "/nowhere")), 3, "mount it, or create it"},
      {with(coordinator, store(locked)), 1, "high-availability.storageDir"},
      {with(coordinator, {"--set", "high-availability.type=directory"}), 2,
       "high-availability.storageDir is not set"},
      {with({word_count, "coordinator", "--listen", "127.0.0.1:0"}, store(runs.root())), 2,
       "give the address and port"},
      {{word_count, "worker"}, 2, "--join is required"},
      {{word_count, "worker", "--join", "127.0.0.1:1,nonsense"}, 2, "expected HOST:PORT"},
      {with({word_count, "worker"}, store(runs.root() + "/nowhere")), 2, "mount it, or create it"},
      {{word_count, "submit", "--input", "in", "--output", "out"}, 2, "--to is required"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.command);
    const auto ended = run_to_end(c.command, {.as_nobody = true});
    CAPTURE(ended.output);
    CHECK(ended.code == c.code);
    CHECK_THAT(ended.last_line, Contains(c.says));
  }
}
