// A job on several processes, which are killed, frozen, and come back.
#include "base/random.hpp"
#include "test/process/test_cluster.hpp"
#include "test/process/word_count_runs.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <csignal>

using namespace weir;
using Catch::Contains;
using test::Child;
using test::run_to_end;
using test::TestCluster;
using test::WordCountRuns;

namespace {

// A frozen process is found quickly, so that a test need not wait.
const std::vector<std::string> kQuickDeadlines{"--set", "heartbeat.interval=50ms", "--set",
                                               "heartbeat.timeout=400ms"};

void require_finished(Child& submit) {
  const int code = submit.wait();
  INFO(submit.output());
  REQUIRE(code == 0);
}

}  // namespace

TEST_CASE("a job on a cluster ends with every count right, and the next one runs there too",
          "[process][cluster]") {
  TestCluster cluster;
  cluster.add_worker();
  cluster.add_worker();
  for (int job = 1; job <= 2; ++job) {
    WordCountRuns runs;
    runs.write_corpus(static_cast<std::uint64_t>(job), 2, 50'000);
    const auto ended = run_to_end(cluster.submit(runs.command()));
    INFO(ended.output);
    REQUIRE(ended.code == 0);
    CHECK_THAT(ended.output, Contains("job " + std::to_string(job) + " (word-count) is on"));
    runs.require_exact("final");
  }
}

TEST_CASE("a job waits for slots, and begins when there are enough", "[process][cluster]") {
  TestCluster cluster;
  cluster.add_worker();
  WordCountRuns runs;
  runs.write_corpus(1, 1, 10'000);
  Child submit{cluster.submit(runs.command({"--progress", "plain"}))};
  REQUIRE(submit.wait_for("waiting for slots: job needs 2, cluster has 1"));
  cluster.add_worker();
  require_finished(submit);
  runs.require_exact("final");
}

TEST_CASE("workers that are killed are replaced, and every count is right",
          "[process][cluster][swarm]") {
  test::for_each_seed(2, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    test::Figures figures{.plans = 1};
    TestCluster cluster;
    for (int i = 0; i < 3; ++i) cluster.add_worker();
    WordCountRuns runs;
    runs.write_corpus(seed, 30, 100'000);
    const std::string emit = random.chance(0.5) ? "final" : "updates";
    Child submit{cluster.submit(runs.command({"--emit", emit}))};
    for (std::uint64_t kills = 1 + random.below(4); kills != 0; --kills) {
      const auto moment = cluster.coordinator().wait_for_any(
          {"job ended", random.chance(0.7) ? "checkpoint completed" : "restoring"});
      if (moment == 0U) break;
      cluster.replace_worker(random.below(3));  // two of the three have the slots
      ++figures.deaths;
    }
    require_finished(submit);
    runs.require_exact(emit);
    return figures;
  });
}

TEST_CASE("a worker that was frozen is replaced, and comes back as another",
          "[process][cluster][swarm]") {
  test::for_each_seed(2, [](std::uint64_t seed) {
    CAPTURE(seed);
    TestCluster cluster{kQuickDeadlines};
    for (int i = 0; i < 3; ++i) cluster.add_worker();
    WordCountRuns runs;
    runs.write_corpus(seed, 60, 100'000);
    const std::string emit = seed % 2 == 0 ? "final" : "updates";
    Child submit{cluster.submit(runs.command({"--emit", emit}))};
    REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
    Child& frozen = cluster.worker(seed % 3);
    frozen.signal(SIGSTOP);
    REQUIRE(cluster.coordinator().wait_for("worker lost"));
    frozen.signal(SIGCONT);
    REQUIRE(frozen.wait_for("joined the cluster"));
    require_finished(submit);
    runs.require_exact(emit);
    return test::Figures{.plans = 1, .deaths = 1};
  });
}

TEST_CASE("a worker that leaves hands its subtasks over behind a checkpoint",
          "[process][cluster]") {
  TestCluster cluster;
  for (int i = 0; i < 3; ++i) cluster.add_worker();
  WordCountRuns runs;
  runs.write_corpus(1, 60, 100'000);
  Child submit{cluster.submit(runs.command())};
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  cluster.worker(0).signal(SIGTERM);
  CHECK(cluster.worker(0).wait() == 0);
  CHECK_THAT(cluster.worker(0).last_line(), Contains("has left the cluster"));
  require_finished(submit);
  CHECK_THAT(submit.output(), Contains(" 0 restarts"));
  runs.require_exact("final");
}

TEST_CASE("an operator sees a cluster's jobs, and ends them", "[process][cluster][cli]") {
  TestCluster cluster;
  cluster.add_worker();
  cluster.add_worker();
  WordCountRuns runs;
  runs.write_corpus(1, 500, 100'000);  // enough for the commands below
  const auto weir = [&](std::vector<std::string> words) {
    words.insert(words.begin(), test::program("weir"));
    words.insert(words.end(), {"--to", cluster.place()});
    return run_to_end(words);
  };
  Child submit{cluster.submit(runs.command())};
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  CHECK_THAT(weir({"list"}).output,
             Contains("word-count") && Contains("1 jobs; 2 workers, 0 of 2"));
  CHECK_THAT(weir({"info", "1"}).output, Contains("last checkpoint") && Contains("runs on"));
  CHECK(weir({"savepoint", "word-count", runs.root() + "/saved"}).code == 0);
  const auto shown = weir({"checkpoints", "word-count"});
  CHECK(shown.code == 0);
  CHECK_THAT(shown.output, Contains("checkpoints complete, 0 failed, 1 savepoints") &&
                               Contains("alignment") && Contains("complete"));
  const auto json = nlohmann::json::parse(weir({"checkpoints", "1", "--format", "json"}).output);
  REQUIRE(json["completed"] > 0);
  const std::string newest = std::to_string(json["last"][0]["id"].get<std::uint64_t>());
  CHECK_THAT(weir({"checkpoints", "1", "--checkpoint", newest}).output,
             Contains("counts/0") && Contains("counts/1"));
  CHECK_THAT(weir({"checkpoints", "1", "--checkpoint", "100000"}).last_line,
             Contains("none of the last"));
  const auto advice =
      weir({"advise", "1", "--load", "0.5", "--mtbf", "1 d", "--caught-up-within", "30s"});
  CHECK(advice.code == 0);
  CHECK_THAT(advice.output, Contains("the time of a restart is not measured"));
  CHECK(weir({"advise", "1", "--mtbf", "soon"}).code == 2);
  const auto unknown = weir({"stop", "nobody"});
  CHECK(unknown.code == 1);
  CHECK_THAT(unknown.last_line, Contains("there is no job \"nobody\""));
  CHECK(weir({"stop", "word-count"}).code == 0);
  CHECK(submit.wait() == 130);
  CHECK_THAT(submit.last_line(), Contains("stopped behind a last checkpoint"));
  const auto last = run_to_end(cluster.submit(runs.command({"--restore", "latest"})));
  REQUIRE(last.code == 0);
  runs.require_exact("final");
  CHECK_THAT(weir({"list"}).output, Contains("stopped") && Contains("finished"));
}

TEST_CASE("who looks at checkpoints sees why they failed", "[process][cluster][cli]") {
  TestCluster cluster;
  cluster.add_worker();
  cluster.add_worker();
  WordCountRuns runs;
  runs.write_corpus(1, 5000, 100'000);  // no test waits for its end
  Child submit{cluster.submit(
      runs.command({"--set", "execution.checkpointing.timeout=1us", "--set",
                    "execution.checkpointing.tolerable-failed-checkpoints=1000000"}))};
  REQUIRE(cluster.coordinator().wait_for("checkpoint failed"));
  const auto shown =
      run_to_end({test::program("weir"), "checkpoints", "word-count", "--to", cluster.place()});
  INFO(shown.output);
  CHECK(shown.code == 0);
  CHECK_THAT(shown.output, Contains("failed: it took longer than") && !Contains(", 0 failed"));
}

TEST_CASE("who looks at a checkpoint under way sees whom it waits for", "[process][cluster][cli]") {
  // However long it is looked at, the frozen worker does not count as lost.
  TestCluster cluster{{"--set", "heartbeat.timeout=10 min"}};
  cluster.add_worker();
  cluster.add_worker();
  WordCountRuns runs;
  runs.write_corpus(1, 5000, 100'000);  // no test waits for its end
  Child submit{cluster.submit(runs.command())};
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  cluster.worker(0).signal(SIGSTOP);
  REQUIRE(cluster.coordinator().wait_for("a checkpoint is slow"));
  const auto weir = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {test::program("weir"), "checkpoints", "word-count"});
    words.insert(words.end(), {"--to", cluster.place()});
    return run_to_end(words).output;
  };
  CHECK_THAT(weir({}), Contains("under way; no answer from") && Contains("waits on") &&
                           Contains("does not answer"));
  const auto json = nlohmann::json::parse(weir({"--format", "json"}));
  REQUIRE(json["under_way"].size() == 1);
  const auto& stuck = json["under_way"][0];
  CHECK(stuck["duration_ms"] > 1000.0);
  CHECK_FALSE(stuck["missing"].empty());
  CHECK_THAT(weir({"--checkpoint", std::to_string(stuck["id"].get<std::uint64_t>())}),
             Contains("no answer yet"));
  cluster.worker(0).signal(SIGCONT);
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
}

TEST_CASE("a cluster remembers as many ended jobs as it is told to", "[process][cluster][cli]") {
  TestCluster cluster{{"--set", "jobstore.max-capacity=1"}};
  cluster.add_worker();
  cluster.add_worker();
  for (std::uint64_t job = 1; job <= 2; ++job) {
    WordCountRuns runs;
    runs.write_corpus(job, 1, 10'000);
    REQUIRE(run_to_end(cluster.submit(runs.command())).code == 0);
  }
  const auto info = [&](const std::string& job) {
    return run_to_end({test::program("weir"), "info", job, "--to", cluster.place()});
  };
  CHECK(info("2").code == 0);
  CHECK(info("1").code == 1);
  CHECK_THAT(info("1").last_line, Contains("there is no job \"1\" on this cluster"));
}

TEST_CASE("one command runs a job on a cluster of its own", "[process][cluster]") {
  WordCountRuns runs;
  runs.write_corpus(1, 2, 50'000);
  const auto ended = run_to_end(runs.command({"--processes", "2"}));
  INFO(ended.output);
  REQUIRE(ended.code == 0);
  runs.require_exact("final");
  const auto wrong =
      run_to_end(runs.command({"--processes", "2", "--chaos", "kill counts/0 after 3 records"}));
  CHECK(wrong.code == 2);
}

TEST_CASE("workers survive their coordinator, and the job is continued on the next one",
          "[process][cluster]") {
  TestCluster cluster;
  cluster.add_worker();
  cluster.add_worker();
  WordCountRuns runs;
  runs.write_corpus(1, 30, 100'000);
  Child submit{cluster.submit(runs.command())};
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  cluster.kill_coordinator();
  CHECK(submit.wait() == 1);
  CHECK_THAT(submit.last_line(), Contains("lost the connection to the coordinator"));
  cluster.restart_coordinator();
  for (std::size_t i = 0; i < 2; ++i) REQUIRE(cluster.worker(i).wait_for("joined the cluster"));
  const auto ended = run_to_end(cluster.submit(runs.command({"--restore", "latest"})));
  INFO(ended.output);
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.output, Contains("continuing from " + runs.checkpoints()));
  runs.require_exact("final");
}

TEST_CASE("a worker of another program is refused with the reason", "[process][cluster]") {
  TestCluster cluster;
  Child stranger{{test::program("throttled"), "worker", "--join", cluster.place(), "--slots", "2",
                  "--name", "stranger", "--log-level", "info"}};
  REQUIRE(stranger.wait_for("joined the cluster"));
  WordCountRuns runs;
  runs.write_corpus(1, 1, 100);
  const auto ended = run_to_end(cluster.submit(runs.command()));
  INFO(ended.output);
  CHECK(ended.code == 1);
  CHECK_THAT(ended.last_line, Contains("worker stranger:"));
  CHECK_THAT(ended.last_line, Contains("submit it with the program that the cluster runs"));
}

TEST_CASE("wrong places and options of a cluster are named, with the cure",
          "[process][cluster][input]") {
  const std::string word_count = test::program("word_count");
  TestCluster cluster;
  WordCountRuns runs;
  runs.write_corpus(1, 1, 100);
  auto elsewhere = cluster.submit(runs.command());
  for (std::string& word : elsewhere) {
    if (word == cluster.place()) word = "127.0.0.1:1";
  }
  struct Case {
    std::vector<std::string> command;
    int code;
    std::string says;
  };
  const std::vector<Case> cases{
      {elsewhere, 1, "cannot reach a coordinator at 127.0.0.1:1"},
      {{word_count, "coordinator", "--listen", cluster.place()}, 1, "in use"},
      {{word_count, "coordinator", "--listen", "nonsense"}, 2, "expected HOST:PORT"},
      {{word_count, "coordinator", "--listen", "127.0.0.1:70000"}, 2, "expected HOST:PORT"},
      {{word_count, "coordinator", "--listen", "0.0.0.0:0"}, 1, "--insecure"},
      {{word_count, "coordinator", "--listen", "127.0.0.1:0", "--insecure", "--set",
        "security.ssl.enabled=true"},
       2,
       "contradict each other"},
      {{word_count, "worker", "--join", cluster.place(), "--slots", "0"}, 2, "--slots"},
      {{word_count, "worker", "--join", cluster.place(), "--set", "heartbeat.timeou=1s"},
       2,
       "did you mean heartbeat.timeout?"},
      {cluster.submit(runs.command({"--set", "execution.checkpointing.dir="})), 2,
       "set execution.checkpointing.dir"},
      {cluster.submit(runs.command({"--set", "execution.checkpointing.dir=/proc/weir"})), 3,
       "cannot create directory /proc/weir"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.command);
    const auto ended = run_to_end(c.command);
    CHECK(ended.code == c.code);
    CHECK_THAT(ended.output, Contains(c.says));
  }
}
