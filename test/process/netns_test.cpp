// A job on several hosts whose cables are cut, lose packets one way, and become slow, while workers
// are killed and frozen. Hosts are network namespaces.
#include "base/random.hpp"
#include "test/process/test_cluster.hpp"
#include "test/process/test_network.hpp"
#include "test/process/word_count_runs.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <functional>

using namespace weir;
using test::Child;
using test::TestCluster;
using test::TestNetwork;
using test::WordCountRuns;

namespace {

constexpr std::size_t kWorkers = 3;  // two of them have the slots
constexpr std::size_t kHosts = kWorkers + 1;

// Who is cut off or frozen is found quickly, so that a test need not wait.
const std::vector<std::string> kQuick{"--set", "heartbeat.interval=50ms", "--set",
                                      "heartbeat.timeout=400ms"};

std::vector<std::string> plain_options() {
  std::vector<std::string> options = kQuick;
  options.push_back("--insecure");
  return options;
}

/// A cluster on a network that runs a job, and something that happens to it.
struct Round {
  TestNetwork& network;
  TestCluster& cluster;
  base::Random& random;
  test::Figures& figures;

  std::size_t any_worker() const { return random.below(kWorkers); }
  static std::size_t host_of(std::size_t worker) { return worker + 1; }
  TestNetwork::End any_end() const {
    return random.chance(0.5) ? TestNetwork::End::host : TestNetwork::End::port;
  }

  /// Breaks a worker's cable until it has been declared lost, then mends it. False: the job ended.
  bool until_lost(std::size_t worker, const std::function<void()>& harm) const {
    harm();
    const bool is_lost = cluster.coordinator().wait_for_any({"job ended", "worker lost"}) == 1U;
    network.heal(host_of(worker));
    ++figures.kills;
    return is_lost && cluster.worker(worker).wait_for("joined the cluster");
  }
};

using Fault = std::function<bool(const Round&)>;

bool cut(const Round& round) {
  const std::size_t worker = round.any_worker();
  return round.until_lost(worker,
                          [&] { round.network.cut(Round::host_of(worker), round.any_end()); });
}

bool lose_one_way(const Round& round) {
  const std::size_t worker = round.any_worker();
  return round.until_lost(worker,
                          [&] { round.network.drop(Round::host_of(worker), round.any_end()); });
}

/// The cable stays bad until some checkpoints have completed over it.
bool bad_cable(const Round& round, const std::function<void(std::size_t host)>& harm) {
  const std::size_t host = Round::host_of(round.any_worker());
  harm(host);
  bool goes_on = true;
  for (int checkpoints = 0; goes_on && checkpoints < 3; ++checkpoints)
    goes_on = round.cluster.coordinator().wait_for_any({"job ended", "checkpoint completed"}) == 1U;
  round.network.heal(host);
  ++round.figures.kills;
  return goes_on;
}

bool slow_link(const Round& round) {
  return bad_cable(round, [&](std::size_t host) {
    round.network.slow_down(host, TestNetwork::End::host, "20mbit");
    round.network.slow_down(host, TestNetwork::End::port, "20mbit");
  });
}

bool latency(const Round& round) {
  return bad_cable(round,
                   [&](std::size_t host) { round.network.delay(host, round.any_end(), "200ms"); });
}

bool kill_worker(const Round& round) {
  round.cluster.replace_worker(round.any_worker());
  ++round.figures.deaths;
  return true;
}

bool freeze_worker(const Round& round) {
  Child& worker = round.cluster.worker(round.any_worker());
  worker.signal(SIGSTOP);
  const bool is_lost = round.cluster.coordinator().wait_for_any({"job ended", "worker lost"}) == 1U;
  worker.signal(SIGCONT);
  ++round.figures.deaths;
  return is_lost && worker.wait_for("joined the cluster");
}

/// Runs a word count while up to three faults of these happen, and checks what comes out.
test::Figures run_round(std::uint64_t seed, const std::vector<Fault>& faults,
                        const std::vector<std::string>& options) {
  CAPTURE(seed);
  base::Random random{seed};
  test::Figures figures{.plans = 1};
  TestNetwork network{kHosts};
  TestCluster cluster{options, &network};
  for (std::size_t i = 0; i < kWorkers; ++i) cluster.add_worker();
  WordCountRuns runs;
  runs.write_corpus(seed, 40, 100'000);
  const std::string emit = random.chance(0.5) ? "final" : "updates";
  std::vector<std::string> command = runs.command({"--emit", emit});
  command.insert(command.end(), options.begin() + static_cast<std::ptrdiff_t>(kQuick.size()),
                 options.end());
  Child submit{cluster.submit(std::move(command))};
  const Round round{network, cluster, random, figures};
  for (std::uint64_t left = 1 + random.below(3); left != 0; --left) {
    const auto moment = cluster.coordinator().wait_for_any(
        {"job ended", random.chance(0.7) ? "checkpoint completed" : "restoring"});
    if (moment != 1U || !faults[random.below(faults.size())](round)) break;
  }
  const int code = submit.wait();
  INFO(submit.output());
  INFO(cluster.coordinator().output());
  REQUIRE(code == 0);
  runs.require_exact(emit);
  figures.restarts = cluster.coordinator().count_of("restoring");
  return figures;
}

/// Says once why there is no network here; false then.
bool is_possible() {
  const auto why = TestNetwork::why_impossible();
  if (why) WARN("skipped: " << *why);
  return !why;
}

}  // namespace

TEST_CASE("a job ends with every count right while cables are cut, lossy or slow",
          "[process][netns][swarm]") {
  if (!is_possible()) return;
  const std::vector<Fault> faults{cut, lose_one_way, slow_link};
  test::for_each_seed(2,
                      [&](std::uint64_t seed) { return run_round(seed, faults, plain_options()); });
}

TEST_CASE("a job ends with every count right over cables of 200 ms", "[process][netns][swarm]") {
  if (!is_possible()) return;
  if (!TestNetwork::can_delay()) {
    WARN("skipped: this kernel cannot delay packets (no netem)");
    return;
  }
  test::for_each_seed(
      1, [&](std::uint64_t seed) { return run_round(seed, {latency}, plain_options()); });
}

TEST_CASE("a job on several hosts ends with every count right while workers die and freeze",
          "[process][netns][swarm]") {
  if (!is_possible()) return;
  const std::vector<Fault> faults{kill_worker, freeze_worker};
  test::for_each_seed(1,
                      [&](std::uint64_t seed) { return run_round(seed, faults, plain_options()); });
}

TEST_CASE("with certificates a job on several hosts survives whatever happens to them",
          "[process][netns][swarm]") {
  if (!is_possible()) return;
  const WordCountRuns folder;
  const std::string made = folder.root() + "/certs";
  REQUIRE(test::run_to_end({test::program("weir"), "certs", "init", made}).code == 0);
  std::vector<std::string> options = kQuick;
  for (const std::string& setting :
       {std::string{"enabled=true"}, "ca=" + made + "/ca.pem", "certificate=" + made + "/node.pem",
        "key=" + made + "/node.key"}) {
    options.push_back("--set");
    options.push_back("security.ssl." + setting);
  }
  const std::vector<Fault> faults{cut, lose_one_way, slow_link, kill_worker, freeze_worker};
  test::for_each_seed(1, [&](std::uint64_t seed) { return run_round(seed, faults, options); });
}
