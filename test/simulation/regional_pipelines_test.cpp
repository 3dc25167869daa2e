// Checkpoints that complete without a region with keyed state: what they take over of it is
// restored as it was.
#include "base/random.hpp"
#include "test/support/count_job.hpp"
#include "test/support/numbers.hpp"
#include "test/support/sim_figures.hpp"
#include "test/support/stored_job.hpp"

#include <weir/testing.hpp>

#include <algorithm>
#include <memory>
#include <string>

using namespace std::chrono_literals;
using namespace weir;
using test::require_finish;
using test::was_regional;

namespace {

/// Two pipelines with an exchange and keyed state each: two regions.
struct Pipelines {
  Pipelines(StateBackendType backend, bool is_unaligned)
      : job{"pipelines",
            {.parallelism = 2,
             .checkpoint = {.every = 50ms,
                            .timeout = 200ms,
                            .tolerable_failures = 1000,
                            .storage = "/checkpoints",
                            .inline_threshold = 0,
                            .unaligned = is_unaligned,
                            .write_retry = {.timeout = {}},
                            .regional = {.enabled = true, .max_failure_ratio = 0.5}},
             .state = {.backend = backend,
                       .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 0}},
             .restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms})}} {
    add("a", a_log);
    add("b", b_log);
  }

  void add(const std::string& name, testing::TransactionLog<test::Count>& log) {
    auto source = make_source(
        [] {
          std::vector<Split> all;
          for (int i = 0; i < 6; ++i) all.push_back({std::to_string(i), std::uint64_t{1} << 30});
          return all;
        },
        [](const Split& split, std::optional<int> at) {
          const int begin = std::stoi(split.id) * 100;
          return std::make_unique<test::Numbers>(at.value_or(begin), begin + 100);
        });
    job.source(name + "-numbers", std::move(source))
        .key_by([](int n) { return n % 7; })
        .count(name + "-counts")
        .sink(name + "-out", log.sink());
  }

  void check_exactly_once() const {
    for (const auto* log : {&a_log, &b_log}) {
      std::vector<test::Count> committed = log->committed();
      std::sort(committed.begin(), committed.end());
      std::vector<test::Count> expected;
      for (int key = 0; key < 7; ++key) {
        for (int n = 1; n <= (600 - key + 6) / 7; ++n) expected.emplace_back(key, n);
      }
      REQUIRE(committed == expected);
    }
  }

  testing::TransactionLog<test::Count> a_log;
  testing::TransactionLog<test::Count> b_log;
  Job job;
};

}  // namespace

TEST_CASE("keyed state, in memory or in RocksDB, is taken over and restored as it was",
          "[sim][regional][rocksdb][swarm]") {
  int regional = 0;
  test::for_each_seed(12, [&](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    Pipelines pipelines{seed % 2 == 0 ? StateBackendType::rocksdb : StateBackendType::hashmap,
                        seed % 4 >= 2};
    testing::Cluster cluster{{.seed = seed, .force_bytes = random.chance(0.3)}};
    test::Figures figures;
    auto run = cluster.start(pipelines.job);
    for (int round = 0; round < 5 && !run.has_ended(); ++round) {
      (void)run.run_until_checkpoint(run.checkpoints() + 1 + random.below(2));
      switch (random.below(4)) {
        case 0: run.at(testing::checkpoint(1), Phase::snapshotted).kill("a-counts/1"); break;
        case 1: cluster.fail_writes("/b-counts-0", ErrorCode::unavailable, 1); break;
        case 2: cluster.hang_writes("/a-counts-0", 1); break;
        default: run.kill("b-numbers/0");
      }
      const std::uint64_t before = run.checkpoints();
      while (!run.has_ended() && run.checkpoints() == before) run.run_for(5ms);
      regional += was_regional(run) ? 1 : 0;
      if (run.has_ended() || random.chance(0.5)) continue;
      figures += test::figures_of_crashed(run);
      run.crash();
      run = cluster.start(pipelines.job, {.restore_latest = true});
    }
    require_finish(run);
    pipelines.check_exactly_once();
    figures += test::figures_of(run);
    return figures;
  });
  CHECK(regional > 5);
}
