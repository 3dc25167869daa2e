// Workers are killed again and again, and what lives on must not pile anything up.
#include "base/random.hpp"
#include "test/process/test_cluster.hpp"
#include "test/process/word_count_runs.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

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
  std::ptrdiff_t threads = 0;
  std::ptrdiff_t files = 0;
  std::ptrdiff_t resident_kib = 0;
};

std::ptrdiff_t entries(const std::string& folder) {
  return std::distance(fs::directory_iterator{folder}, {});
}

Holding holding_of(const Child& process) {
  const std::string folder = "/proc/" + std::to_string(process.pid());
  std::ptrdiff_t pages = 0;
  std::ifstream{folder + "/statm"} >> pages >> pages;
  return {entries(folder + "/task"), entries(folder + "/fd"),
          pages * (::sysconf(_SC_PAGESIZE) / 1024)};
}

/// What is about to end may still be there, but nothing that adds up from cycle to cycle.
void require_no_growth(const Child& process, const Holding& before) {
  constexpr std::ptrdiff_t kEnding = 4;  // fewer than there are cycles
  const Holding after = holding_of(process);
  CHECK(after.threads <= before.threads + kEnding);
  CHECK(after.files <= before.files + kEnding);
#ifndef WEIR_SANITIZED  // a sanitizer keeps much of what was freed
  constexpr std::ptrdiff_t kMemoryKib = 8 << 10;
  CHECK(after.resident_kib <= before.resident_kib + kMemoryKib);
#endif
}

/// Requires that a job that has finished leaves no checkpoint behind.
void require_no_checkpoints(const WordCountRuns& runs) {
  for (const auto& entry : fs::recursive_directory_iterator{runs.checkpoints()}) {
    CAPTURE(entry.path().string());
    CHECK_FALSE(entry.path().filename().string().starts_with("chk-"));
  }
}

/// Runs a job, kills a worker meanwhile, and checks what comes out.
test::Figures kill_one(TestCluster& cluster, std::uint64_t seed) {
  CAPTURE(seed);
  base::Random random{seed};
  WordCountRuns runs;
  runs.write_corpus(seed, 6, 50'000);
  cluster.coordinator().forget_lines();
  Child submit{cluster.submit(runs.command())};
  std::uint64_t deaths = 0;
  if (cluster.coordinator().wait_for_any({"checkpoint completed"}, &submit)) {
    cluster.replace_worker(kSurvivor + 1 + random.below(kWorkers - 1));
    ++deaths;
  }
  const int code = submit.wait();
  INFO(submit.output());
  REQUIRE(code == 0);
  runs.require_exact("final");  // and nothing lies beside it
  require_no_checkpoints(runs);
  return {.plans = 1, .deaths = deaths};
}

}  // namespace

TEST_CASE("killed workers leave no process, file or thread behind", "[process][kill-loop]") {
  // What is freed goes back at once, so that what is resident is what is held.
  ::setenv("MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0", 1);
  {
    TestCluster cluster;
    for (std::size_t i = 0; i < kWorkers; ++i) cluster.add_worker();
    kill_one(cluster, 0);  // from here on everything exists that is made only once
    const Holding coordinator = holding_of(cluster.coordinator());
    const Holding survivor = holding_of(cluster.worker(kSurvivor));
    std::uint64_t deaths = 0;
    test::for_each_seed(5, [&](std::uint64_t seed) {
      const test::Figures figures = kill_one(cluster, seed);
      deaths += figures.deaths;
      return figures;
    });
    CHECK(deaths > 0);
    require_no_growth(cluster.coordinator(), coordinator);
    require_no_growth(cluster.worker(kSurvivor), survivor);
  }
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}
