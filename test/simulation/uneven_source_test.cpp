// Sources whose subtasks end at different times: what a dead one had left must not be dealt to one
// that has ended.
#include "test/support/count_job.hpp"
#include "test/support/numbers.hpp"
#include "test/support/sim_figures.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr int kShort = 10;
constexpr int kAll = 600;

/// One split of ten numbers, and one of all the others.
auto uneven_source(Assignment assignment) {
  return make_source(
      [] {
        return std::vector<Split>{{"short", 0}, {"long", 0}};
      },
      [](const Split& split, std::optional<int> at) {
        const bool is_short = split.id == "short";
        return std::make_unique<test::Numbers>(at.value_or(is_short ? 0 : kShort),
                                               is_short ? kShort : kAll);
      },
      {.assignment = assignment});
}

}  // namespace

TEST_CASE("splits of a dead subtask go to those that still read, not to one that has ended",
          "[sim][swarm]") {
  test::for_each_seed(5, [](std::uint64_t seed) {
    test::Figures figures;
    for (const auto assignment : {Assignment::on_request, Assignment::spread}) {
      CAPTURE(seed, static_cast<int>(assignment));
      testing::TransactionLog<int> log;
      Job job{"uneven",
              {.parallelism = 2,
               .checkpoint = {.every = 50ms},
               .restart = restart::fixed_delay({.attempts = 10, .delay = 10ms})}};
      job.source("numbers", uneven_source(assignment))
          .map("same", [](int n) { return n; })
          .sink("out", log.sink());
      testing::Cluster cluster{{.seed = seed}};
      auto run = cluster.start(job);
      run.run_until_checkpoint(6);
      run.kill("numbers/1");
      test::require_finish(run);
      CHECK(run.restarts() == 1);
      std::vector<int> committed = log.committed();
      std::sort(committed.begin(), committed.end());
      std::vector<int> expected(kAll);
      std::iota(expected.begin(), expected.end(), 0);
      CHECK(committed == expected);
      figures += test::figures_of(run);
    }
    return figures;
  });
}
