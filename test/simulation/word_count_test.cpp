// The word count job on a simulated machine with a disk of its own, under random kill plans.
#include "examples/word_count/word_count.hpp"

#include "base/files.hpp"
#include "base/random.hpp"
#include "test/support/count_job.hpp"
#include "test/support/kill_rules.hpp"
#include "test/support/sim_figures.hpp"
#include "test/support/word_count_output.hpp"

#include <set>

using namespace std::chrono_literals;
using namespace weir;
using test::require_finish;

namespace {

using test::WordCounts;

/// Writes files of random words; returns how often each occurs.
WordCounts write_corpus(Env& disk, base::Random& random) {
  WordCounts counts;
  REQUIRE(disk.create_directories("/in/sub").ok());
  const std::uint64_t files = 1 + random.below(6);
  for (std::uint64_t f = 0; f < files; ++f) {
    std::string text;
    for (std::uint64_t n = random.below(2000); n != 0; --n) {
      const std::string word =
          "w" + std::to_string(random.below(40)) + std::string(random.below(30), '_');
      ++counts[word];
      text += word + (random.chance(0.7) ? "\n" : random.chance(0.5) ? " " : "-.");
    }
    auto file = disk.create((f % 2 == 0 ? "/in/" : "/in/sub/") + std::to_string(f) + ".txt");
    REQUIRE(file.ok());
    REQUIRE((*file)->append(text).ok());
  }
  return counts;
}

std::string random_rule(base::Random& random) {
  return test::draw_kill(random,
                         {"lines/0", "words/1", "counts/0", "out/1", "coordinator", "node", "any"});
}

/// One plan: a random corpus, random options, random rules, sometimes a death of the whole process.
test::Figures run_plan(std::uint64_t seed) {
  CAPTURE(seed);
  INFO("repeat with WEIR_SEED=" << seed << " build/release/bin/simulation_test \"word count*\"");
  base::Random random{seed};
  testing::Cluster cluster{{.seed = seed,
                            .force_bytes = random.chance(0.3),
                            .disturbed_messages = random.chance(0.2) ? 0.05 : 0.0}};
  const WordCounts expected = write_corpus(cluster.disk(), random);
  const bool updates = random.chance(0.5);
  const auto build = [&] {
    Job job = word_count::job("/in/**/*.txt", "/out",
                              updates ? EmitResults::updates : EmitResults::at_end);
    job.options() = {
        .parallelism = 2,
        .checkpoint = {.every = std::chrono::microseconds{200},
                       .timeout = 50ms,
                       .tolerable_failures = 1000,
                       .storage = "/checkpoints",
                       .unaligned = seed % 3 == 0,
                       .aligned_timeout = std::chrono::microseconds{seed % 2 == 0 ? 100 : 0}},
        .restart = restart::fixed_delay({.attempts = 1000, .delay = 1ms})};
    return job;
  };
  test::Figures figures;
  auto run = cluster.start(build());
  for (std::uint64_t n = random.below(4); n != 0; --n) run.chaos(random_rule(random));
  for (std::uint64_t deaths = random.below(3); deaths != 0 && !run.has_ended(); --deaths) {
    run.run_for(std::chrono::microseconds{random.below(1500)});
    if (run.has_ended()) break;
    figures += test::figures_of_crashed(run);
    run.crash();
    run = cluster.start(build(), {.restore_latest = true});
    run.chaos(random_rule(random));
  }
  require_finish(run);
  if (updates)
    test::check_updates(cluster.disk(), expected);
  else
    test::check_final(cluster.disk(), expected);
  figures += test::figures_of(run);
  return figures;
}

}  // namespace

TEST_CASE("word count: the committed files are right after any random kill plan", "[sim][swarm]") {
  test::for_each_seed(200, run_plan);
}
