// A record that becomes very many: they wait on their way out, and barriers overtake them.
#include "test/support/sim_figures.hpp"

#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;

namespace {

constexpr int kCopies = 1'000'000;
constexpr Duration kWork = 20us;  // on each of them: 20 s in all

/// numbers -> many, which makes kCopies of the one record -> slow -> log
struct FanOutJob {
  Job job(const testing::Cluster& cluster, bool is_unaligned) const {
    Job job{"fan-out",
            {.checkpoint = {.every = 500ms, .unaligned = is_unaligned},
             .restart = restart::fixed_delay({.attempts = 10, .delay = 10ms})}};
    job.source("numbers", input.source())
        .flat_map("many",
                  [](int, Emit<int>& out) {
                    for (int i = 0; i < kCopies; ++i) out(i);
                  })
        .rebalance()
        .map("slow",
             [&cluster](int n) {
               cluster.take_time(kWork);
               return n;
             })
        .sink("out", output.sink());
    return job;
  }

  void check_exactly_once() const {
    std::vector<int> committed = output.committed();
    REQUIRE(committed.size() == kCopies);
    std::sort(committed.begin(), committed.end());
    for (int i = 0; i < kCopies; ++i) REQUIRE(committed[static_cast<std::size_t>(i)] == i);
  }

  testing::ReplayLog<int> input{{1}};
  testing::TransactionLog<int> output;
};

}  // namespace

TEST_CASE("a record that becomes a million holds up no barrier that may overtake",
          "[sim][unaligned]") {
  testing::Cluster cluster{{.seed = 1}};
  const FanOutJob fan_out;
  auto run = cluster.start(fan_out.job(cluster, true));
  run.run_for(10s);
  CHECK(run.checkpoints() >= 15);  // of twenty; each records all that waits
  run.kill("slow/0");
  REQUIRE(run.finish());
  CHECK(run.restarts() == 1);
  fan_out.check_exactly_once();
}

TEST_CASE("a barrier that waits for its turn waits for all of the million", "[sim][unaligned]") {
  testing::Cluster cluster{{.seed = 1}};
  const FanOutJob fan_out;
  auto run = cluster.start(fan_out.job(cluster, false));
  run.run_for(10s);
  CHECK(run.checkpoints() <= 1);
  REQUIRE(run.finish());
  fan_out.check_exactly_once();
}
