// The whole process dies by SIGKILL, again and again; the next one continues, with state in memory
// or in RocksDB.
#include "base/random.hpp"
#include "test/process/word_count_runs.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace weir;
using test::Child;
using test::WordCountRuns;

namespace {

/// Something that the program says, at which it is killed.
std::string random_moment(base::Random& random) {
  static const std::vector<std::string> moments{
      "checkpoint completed", "checkpoint completed", "checkpoint completed checkpoint=2 ",
      "chaos kills",          "restarting the job",   "restoring"};
  return moments[random.below(moments.size())];
}

/// One plan: up to four deaths of the process, with subtasks dying in between, then a run to the
/// end.
test::Figures run_plan(std::uint64_t seed) {
  CAPTURE(seed);
  base::Random random{seed};
  test::Figures figures{.plans = 1};
  WordCountRuns runs;
  runs.write_corpus(seed, 1 + static_cast<int>(random.below(30)), 100'000);
  const std::string emit = random.chance(0.5) ? "final" : "updates";
  for (std::uint64_t deaths = 1 + random.below(4); deaths != 0; --deaths) {
    std::vector<std::string> more{"--emit",    emit,
                                  "--restore", "latest",
                                  "--set",     "restart-strategy.type=fixed-delay",
                                  "--set",     "restart-strategy.fixed-delay.delay=1ms",
                                  "--set",     "restart-strategy.fixed-delay.attempts=1000"};
    if (random.chance(0.5))
      more.insert(more.end(), {"--set", "state.backend.type=rocksdb", "--set",
                               "execution.checkpointing.data-inline-threshold=0"});
    if (random.chance(0.5)) {
      more.push_back("--chaos");
      more.push_back("kill any at random 20/s seed " + std::to_string(seed));
    }
    Child child{runs.command(more)};
    child.wait_for(random_moment(random));
    child.signal(SIGKILL);
    const int code = child.wait();
    INFO(child.output());
    figures += {.kills = child.count_of("chaos kills"),
                .deaths = code == 0 ? 0U : 1U,
                .restarts = child.count_of("restarting the job")};
    REQUIRE((code == 128 + SIGKILL || code == 0));  // it may have been faster than we
  }
  const auto last = test::run_to_end(runs.command({"--emit", emit, "--restore", "latest"}));
  INFO(last.output);
  REQUIRE(last.code == 0);
  runs.require_exact(emit);
  return figures;
}

}  // namespace

TEST_CASE("a process that is killed is continued by the next, and every count is right",
          "[process][swarm]") {
  test::for_each_seed(4, run_plan);
}
