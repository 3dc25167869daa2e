// The queries find what they should, under kills, at any parallelism, with both backends.
#include "base/random.hpp"
#include "test/nexmark/goldens.hpp"
#include "test/support/count_job.hpp"
#include "test/support/sim_figures.hpp"

#include <iterator>
#include <set>

#include "examples/nexmark/query.hpp"

using namespace std::chrono_literals;
using namespace weir;
using test::Golden;
using test::Results;

namespace {

/// A job whose events take 100 ms of virtual time: some twenty checkpoints.
Job job_of(const Golden& golden, bool is_final, base::Random& random) {
  const nexmark::Input input{.first = golden.first,
                             .events = golden.events,
                             .rate = 10.0 * static_cast<double>(golden.events)};
  Job job = nexmark::job_of(
      golden.query,
      {.input = input, .output = "/out", .is_final = is_final, .is_beam = golden.is_beam});
  constexpr int kParallelism[] = {1, 2, 4};
  const bool is_unaligned = random.chance(0.3);
  job.options() = {
      .parallelism = kParallelism[random.below(3)],
      .checkpoint = {.every = 5ms, .storage = "/checkpoints", .unaligned = is_unaligned},
      .state = {.backend =
                    random.chance(0.5) ? StateBackendType::rocksdb : StateBackendType::hashmap,
                .rocksdb = {.memory_bytes = 8 << 20,
                            .row_cache_bytes = random.chance(0.5) ? 0 : 64 << 10}},
      .restart = restart::fixed_delay({.attempts = 1000, .delay = 1ms}),
      .watermark_interval = 2ms};
  return job;
}

std::string random_rule(base::Random& random) {
  static const std::vector<std::string> victims{"any", "out/0", "coordinator", "node"};
  static const std::vector<std::string> phases{"triggered",    "aligning",  "snapshotted",
                                               "acknowledged", "completed", "committing"};
  const std::string victim = victims[random.below(victims.size())];
  const std::string number = std::to_string(1 + random.below(12));
  return "kill " + victim + " at checkpoint " + number + " " + phases[random.below(phases.size())];
}

/// Runs a query with settings and kills out of the seed, and passes its results on.
template <class Check>
test::Figures run_query(const Golden& golden, bool is_final, std::uint64_t seed, Check check) {
  CAPTURE(golden.query, golden.is_beam, golden.first, seed);
  base::Random random{seed};
  testing::Cluster cluster{{.seed = seed, .force_bytes = random.chance(0.5)}};
  const Job job = job_of(golden, is_final, random);
  CAPTURE(job.options().parallelism, job.options().state.backend == StateBackendType::rocksdb);
  auto run = cluster.start(job);
  for (std::uint64_t n = 1 + random.below(3); n != 0; --n) run.chaos(random_rule(random));
  test::require_finish(run);
  check(Results::read(cluster.disk(), "/out"));
  return test::figures_of(run);
}

test::Figures run_all(std::uint64_t seed) {
  test::Figures figures;
  for (const Golden& golden : test::goldens())
    figures += run_query(golden, true, seed + figures.plans * 1000,
                         [&](const Results& results) { test::check_golden(golden, results); });
  CHECK(figures.kills > figures.plans / 2);  // some rules never come true
  return figures;
}

}  // namespace

TEST_CASE("nexmark: every query is exact after any random kill plan", "[sim][swarm][rocksdb]") {
  test::for_each_seed(2, run_all);
}

TEST_CASE("nexmark: each query has a golden result", "[nexmark]") {
  for (const nexmark::Query& query : nexmark::queries()) {
    CAPTURE(query.name);
    if (query.name == "q12") continue;  // it depends on the wall clock
    const auto& all = test::goldens();
    CHECK(std::any_of(all.begin(), all.end(),
                      [&](const Golden& g) { return g.query == query.name; }));
  }
}

TEST_CASE("nexmark: updates come to the final rows", "[sim]") {
  constexpr std::size_t kBids = 18'400;
  // Of these each bid makes a row that no other has.
  const std::set<std::string> one_row_per_bid{"q15", "q16", "q17", "q18"};
  for (Golden golden : test::goldens()) {
    const bool has_updates = one_row_per_bid.count(golden.query) != 0 || golden.query == "q4" ||
                             golden.query == "q6" || golden.query == "q9" || golden.query == "q19";
    if (!has_updates || golden.is_beam || golden.first != 0) continue;
    golden.events = 20'000;
    Results last;
    run_query(golden, true, 5, [&](const Results& results) { last = results; });
    run_query(golden, false, 6, [&](const Results& updates) {
      std::vector<std::string> missing;
      std::set_difference(last.lines.begin(), last.lines.end(), updates.lines.begin(),
                          updates.lines.end(), std::back_inserter(missing));
      CHECK(missing.empty());
      if (one_row_per_bid.count(golden.query) == 0) return;
      CHECK(updates.lines.size() == kBids);
      CHECK(std::set<std::string>(updates.lines.begin(), updates.lines.end()).size() == kBids);
    });
  }
}

TEST_CASE("nexmark: of equally high bids the earlier one is ahead", "[nexmark]") {
  const nexmark::Bid low{.id = 1, .price = 5};
  const nexmark::Bid early{.id = 2, .price = 7};
  const nexmark::Bid late{.id = 3, .price = 7};
  CHECK(nexmark::is_ahead(early, low));
  CHECK_FALSE(nexmark::is_ahead(low, early));
  CHECK(nexmark::is_ahead(early, late));
  CHECK_FALSE(nexmark::is_ahead(late, early));
  CHECK_FALSE(nexmark::is_ahead(late, late));
}

TEST_CASE("nexmark: a query that does not exist is an error that names those that do",
          "[nexmark]") {
  CHECK_THROWS_WITH(nexmark::job_of("q99", {}),
                    Catch::StartsWith("there is no query \"q99\"; take one of q0, q1, "));
  CHECK_THROWS_WITH(nexmark::job_of("q14", {.is_beam = true}),
                    "query q14 has no form of Beam; leave out --variant beam");
  CHECK_THROWS_WITH(nexmark::job_of("q0", {.input = {.events = -1}}),
                    Catch::Contains("is negative; give numbers from 0 on"));
}
