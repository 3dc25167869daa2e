// A job on several hosts: workers and coordinators are killed and frozen, cables are cut, lose
// packets one way, and become slow or long, each at a random moment. Hosts are network namespaces.
#include "base/random.hpp"
#include "test/process/failover_cluster.hpp"
#include "test/process/test_network.hpp"
#include "test/process/word_count_runs.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <utility>

using namespace weir;
using test::Child;
using test::FailoverCluster;
using test::TestNetwork;
using test::WordCountRuns;

namespace {

using Words = std::vector<std::string>;
using End = TestNetwork::End;

constexpr std::size_t kWorkers = 3;  // two of them have the slots

/// A cluster on a network that runs a job, and what is to happen to it.
struct Round {
  TestNetwork& network;
  FailoverCluster& cluster;
  base::Random& random;
  Child& submit;
  test::Figures figures = {.plans = 1};
  std::size_t leader = 0;
  std::size_t standby = 1;

  Child& leading() { return cluster.coordinator(leader); }
  End any_end() { return random.chance(0.5) ? End::host : End::port; }
  std::size_t any_worker() { return random.below(kWorkers); }
  /// Of a worker, or now and then of the leading coordinator.
  std::size_t any_host() {
    return random.chance(0.25) ? FailoverCluster::host_of_coordinator(leader)
                               : FailoverCluster::host_of_worker(any_worker());
  }

  /// Lets the job run for a while. False if it has ended.
  bool go_on() {
    for (std::uint64_t checkpoints = 1 + random.below(5); checkpoints != 0; --checkpoints) {
      if (!leading().wait_for_any({"checkpoint completed"}, &submit)) return false;
    }
    submit.wait_for_time(std::chrono::microseconds{random.below(30'000)});
    return true;
  }

  /// Does harm that makes the leading coordinator lose a worker, and undoes it then.
  void until_lost(const std::function<void()>& harm, const std::function<void()>& undo) {
    leading().forget_lines();
    harm();
    leading().wait_for_any({"worker lost"}, &submit);
    undo();
  }
};

using Fault = void (*)(Round&);

void kill_worker(Round& round) {
  round.cluster.replace_worker(round.any_worker());
  ++round.figures.deaths;
}

void freeze_worker(Round& round) {
  const Child& worker = round.cluster.worker(round.any_worker());
  round.until_lost([&] { worker.signal(SIGSTOP); }, [&] { worker.signal(SIGCONT); });
  ++round.figures.deaths;
}

void kill_leader(Round& round) {
  round.leading().signal(SIGKILL);
  round.leading().wait();
  REQUIRE(round.cluster.coordinator(round.standby).wait_for("coordinator listens on"));
  round.cluster.restart_coordinator(round.leader);
  REQUIRE(round.leading().wait_for("stands by"));
  std::swap(round.leader, round.standby);
  ++round.figures.deaths;
}

void freeze_leader(Round& round) {
  round.leading().signal(SIGSTOP);
  REQUIRE(round.cluster.coordinator(round.standby).wait_for("coordinator listens on"));
  round.submit.wait_for_time(std::chrono::microseconds{round.random.below(500'000)});
  round.leading().signal(SIGCONT);
  REQUIRE(round.leading().wait_for("leads no longer"));
  REQUIRE(round.leading().wait_for("stands by"));
  std::swap(round.leader, round.standby);
  ++round.figures.deaths;
}

void cut(Round& round) {
  const std::size_t host = round.any_host();
  round.until_lost([&] { round.network.cut(host, round.any_end()); },
                   [&] { round.network.heal(host); });
  ++round.figures.kills;
}

void lose_one_way(Round& round) {
  const std::size_t host = round.any_host();
  round.until_lost([&] { round.network.drop(host, round.any_end()); },
                   [&] { round.network.heal(host); });
  ++round.figures.kills;
}

void slow_link(Round& round) {
  const std::size_t host = round.any_host();
  round.network.slow_down(host, End::host, "20mbit");
  round.network.slow_down(host, End::port, "20mbit");
  round.go_on();
  round.network.heal(host);
  ++round.figures.kills;
}

void long_link(Round& round) {
  const std::size_t host = round.any_host();
  round.network.delay(host, 200);
  round.go_on();
  round.network.heal(host);
  ++round.figures.kills;
}

/// What all cables of workers are like from the beginning.
using Links = void (*)(TestNetwork&, std::size_t host);

void good_links(TestNetwork&, std::size_t) {}

void slow_links(TestNetwork& network, std::size_t host) {
  network.slow_down(host, End::host, "20mbit");
  network.slow_down(host, End::port, "20mbit");
}

/// Between two workers it takes 200 ms.
void long_links(TestNetwork& network, std::size_t host) {
  network.delay(host, 100);
}

Words in_directory(const WordCountRuns& runs) {
  const std::string storage = runs.root() + "/leader";
  std::filesystem::create_directory(storage);
  return {"--set", "high-availability.type=directory",
          "--set", "high-availability.storageDir=" + storage,
          "--set", "high-availability.directory.heartbeat-interval=200ms",
          "--set", "high-availability.directory.takeover-timeout=2s"};
}

/// Options with which processes on different hosts talk to each other.
Words security(const WordCountRuns& runs, bool with_certificates) {
  if (!with_certificates) return {"--insecure"};
  const std::string made = runs.root() + "/certs";
  REQUIRE(test::run_to_end({test::program("weir"), "certs", "init", made}).code == 0);
  return {"--set", "security.ssl.enabled=true",
          "--set", "security.ssl.ca=" + made + "/ca.pem",
          "--set", "security.ssl.certificate=" + made + "/node.pem",
          "--set", "security.ssl.key=" + made + "/node.key"};
}

void start(FailoverCluster& cluster) {
  cluster.add_coordinator();
  REQUIRE(cluster.coordinator(0).wait_for("coordinator listens on"));
  cluster.add_coordinator();
  REQUIRE(cluster.coordinator(1).wait_for("stands by"));
  for (std::size_t i = 0; i < kWorkers; ++i) cluster.add_worker();
}

/// Runs a word count while some of these faults happen, and checks what comes out.
test::Figures run_round(std::uint64_t seed, const std::vector<Fault>& faults, Links links) {
  CAPTURE(seed);
  base::Random random{seed};
  const WordCountRuns options;
  WordCountRuns runs;
  runs.write_corpus(seed, 40, 100'000);
  TestNetwork network{FailoverCluster::hosts(kWorkers)};
  FailoverCluster cluster{in_directory(options), security(options, seed % 2 == 1), &network};
  // Heartbeats come behind data, which TCP lets out slowly at first where answers take long.
  start(cluster);
  for (std::size_t i = 0; i < kWorkers; ++i) links(network, FailoverCluster::host_of_worker(i));
  const std::string emit = random.chance(0.5) ? "final" : "updates";
  Child submit{cluster.submit(runs.command({"--emit", emit}))};
  Round round{network, cluster, random, submit};
  for (std::uint64_t left = 1 + random.below(3); left != 0 && round.go_on(); --left)
    faults[random.below(faults.size())](round);
  const int code = submit.wait();
  INFO(submit.output());
  INFO(round.leading().output());
  REQUIRE(code == 0);
  runs.require_exact(emit);
  for (const std::size_t coordinator : {0U, 1U})
    round.figures.restarts += cluster.coordinator(coordinator).count_of("restoring");
  return round.figures;
}

/// Plays rounds with the seeds, if there can be a network; says once why there is none.
void play(const std::vector<Fault>& faults, Links links = good_links) {
  if (const auto why = TestNetwork::why_impossible()) {
    WARN("skipped: " << *why);
    return;
  }
  test::for_each_seed(1, [&](std::uint64_t seed) { return run_round(seed, faults, links); });
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no process is left, and so no namespace
  CHECK(errno == ECHILD);
}

}  // namespace

TEST_CASE("hosts: counts are right while workers are killed", "[process][netns][swarm]") {
  play({kill_worker});
}

TEST_CASE("hosts: counts are right while workers are frozen for too long",
          "[process][netns][swarm]") {
  play({freeze_worker});
}

TEST_CASE("hosts: counts are right while coordinators are killed", "[process][netns][swarm]") {
  play({kill_leader});
}

TEST_CASE("hosts: counts are right while coordinators are frozen for too long",
          "[process][netns][swarm]") {
  play({freeze_leader});
}

TEST_CASE("hosts: counts are right while cables are cut and mended", "[process][netns][swarm]") {
  play({cut});
}

TEST_CASE("hosts: counts are right while cables lose everything one way",
          "[process][netns][swarm]") {
  play({lose_one_way});
}

TEST_CASE("hosts: counts are right over slow links", "[process][netns][swarm]") {
  play({slow_link}, slow_links);
}

TEST_CASE("hosts: counts are right over links of 200 ms", "[process][netns][swarm]") {
  play({long_link}, long_links);
}

TEST_CASE("hosts: counts are right while all of it happens", "[process][netns][swarm]") {
  play({kill_worker, freeze_worker, kill_leader, freeze_leader, cut, lose_one_way, slow_link,
        long_link});
}
