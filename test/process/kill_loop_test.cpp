// Workers are killed again and again, and what lives on must not pile anything up.
#include "base/random.hpp"
#include "test/process/test_cluster.hpp"
#include "test/process/word_count_runs.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>

using namespace weir;
using test::Child;
using test::TestCluster;
using test::WordCountRuns;

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWorkers = 3;
constexpr std::size_t kSurvivor = 0;  // is never killed

/// What a process holds.
struct Holding {
  std::ptrdiff_t threads;
  std::ptrdiff_t files;
};

std::ptrdiff_t entries(const std::string& folder) {
  return std::distance(fs::directory_iterator{folder}, {});
}

Holding holding_of(const Child& process) {
  const std::string folder = "/proc/" + std::to_string(process.pid());
  return {entries(folder + "/task"), entries(folder + "/fd")};
}

/// What is about to end may still be there, but nothing that adds up from cycle to cycle.
void require_no_growth(const Child& process, const Holding& before) {
  constexpr std::ptrdiff_t kEnding = 4;  // fewer than there are cycles
  const Holding after = holding_of(process);
  CHECK(after.threads <= before.threads + kEnding);
  CHECK(after.files <= before.files + kEnding);
}

/// Runs a job, kills a worker meanwhile, and checks what comes out.
test::Figures kill_one(TestCluster& cluster, std::uint64_t seed) {
  CAPTURE(seed);
  base::Random random{seed};
  WordCountRuns runs;
  runs.write_corpus(seed, 6, 50'000);
  Child submit{cluster.submit(runs.command())};
  std::uint64_t deaths = 0;
  if (cluster.coordinator().wait_for_any({"job ended", "checkpoint completed"}) == 1U) {
    cluster.replace_worker(kSurvivor + 1 + random.below(kWorkers - 1));
    ++deaths;
  }
  const int code = submit.wait();
  INFO(submit.output());
  REQUIRE(code == 0);
  runs.require_exact("final");  // and nothing lies beside it
  return {.plans = 1, .deaths = deaths};
}

}  // namespace

TEST_CASE("killed workers leave no process, file or thread behind", "[process][kill-loop]") {
  {
    TestCluster cluster;
    for (std::size_t i = 0; i < kWorkers; ++i) cluster.add_worker();
    kill_one(cluster, 0);  // from here on everything exists that is made only once
    const Holding coordinator = holding_of(cluster.coordinator());
    const Holding survivor = holding_of(cluster.worker(kSurvivor));
    test::for_each_seed(6, [&](std::uint64_t seed) { return kill_one(cluster, seed); });
    require_no_growth(cluster.coordinator(), coordinator);
    require_no_growth(cluster.worker(kSurvivor), survivor);
  }
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}
