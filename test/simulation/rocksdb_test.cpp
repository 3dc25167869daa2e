// Jobs whose state lies in RocksDB, behind a cache that hardly holds a row: whoever dies, whenever,
// the output is exactly right.
#include "base/random.hpp"
#include "test/support/kill_matrix.hpp"

#include <algorithm>
#include <string>

using namespace std::chrono_literals;
using namespace weir;
using test::CountJob;
using test::Figures;
using test::figures_of;
using test::require_finish;

namespace {

StateOptions tiny_rocksdb() {
  return {.backend = StateBackendType::rocksdb,
          .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 0}};
}

/// Odd seeds write files of RocksDB, even ones rows into the metadata.
JobOptions on_rocksdb(std::uint64_t seed, CheckpointOptions checkpoint = {}) {
  checkpoint.inline_threshold = seed % 2 == 0 ? 20'000 : 0;
  return {.checkpoint = std::move(checkpoint), .state = tiny_rocksdb()};
}

/// Counts like CountJob, by three kinds of state that must agree.
Job count_thrice(const CountJob& count, JobOptions options) {
  options.parallelism = 2;
  options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
  Job job{"count", options};
  job.source("numbers", count.input.source())
      .key_by([keys = count.shape.keys](int n) { return n % keys; })
      .process("counts", value_state<std::int64_t>("count"), list_state<int>("all"),
               map_state<int, int>("seen"),
               [keys = count.shape.keys](int n, ValueState<std::int64_t>& counted,
                                         ListState<int>& all, MapState<int, int>& seen,
                                         Emit<std::pair<int, std::int64_t>>& out) {
                 if (seen.contains(n)) throw std::runtime_error{"a number came twice"};
                 seen.put(n, n);
                 all.add(n);
                 counted.set(counted.value_or(0) + 1);
                 const auto size = static_cast<std::size_t>(*counted.get());
                 if (n % 5 == 0 && (all.get().size() != size || seen.size() != size))
                   throw std::runtime_error{"the states do not agree"};
                 out.emplace(n % keys, *counted.get());
               })
      .sink("out", count.output.sink());
  return job;
}

}  // namespace

TEST_CASE("RocksDB: whoever dies at whatever phase, each count is committed once",
          "[sim][rocksdb][swarm]") {
  test::for_each_seed(2, [](std::uint64_t seed) {
    return test::require_exact_under_kills(seed, on_rocksdb(seed));
  });
}

TEST_CASE("RocksDB: values, lists and maps agree after any kill", "[sim][rocksdb][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    JobOptions options = on_rocksdb(seed, {.every = 20ms});
    if (seed % 4 < 2) options.state.rocksdb.row_cache_bytes = 1 << 20;
    auto run = cluster.start(count_thrice(count, options));
    run.chaos("kill any at random 20/s seed " + std::to_string(seed) + " times 5");
    require_finish(run);
    CHECK(run.restarts() >= 1);
    count.check_exactly_once();
    return figures_of(run);
  });
}

TEST_CASE("RocksDB: several checkpoints at once, each cut is exact", "[sim][rocksdb][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    auto run = cluster.start(
        count_thrice(count, on_rocksdb(seed, {.every = 3ms, .max_concurrent = 3, .retained = 2})));
    run.chaos("kill any at checkpoint " + std::to_string(5 + seed % 30) + " acknowledged");
    require_finish(run);
    count.check_exactly_once();
    return figures_of(run);
  });
}

TEST_CASE("state moves between memory and RocksDB, at any parallelism", "[sim][rocksdb][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    const auto build = [&] {
      JobOptions options{.checkpoint = {.every = 10ms, .storage = "/checkpoints"}};
      if (random.chance(0.5)) options.state = tiny_rocksdb();
      if (random.chance(0.5)) options.checkpoint.inline_threshold = 0;
      options.parallelism = 2 + static_cast<int>(random.below(3));
      return count.job(options);
    };
    Figures figures;
    auto run = cluster.start(build());
    for (int i = 0; i < 4 && !run.has_ended(); ++i) {
      run.run_for(std::chrono::milliseconds{50 + random.below(200)});
      if (run.has_ended()) break;
      figures += test::figures_of_crashed(run);
      run.crash();
      run = cluster.start(build(), {.restore_latest = true});
    }
    require_finish(run);
    count.check_exactly_once();
    figures += figures_of(run);
    return figures;
  });
}

TEST_CASE("RocksDB: checkpoints that are not incremental, and savepoints, hold rows",
          "[sim][rocksdb]") {
  const bool incremental = GENERATE(true, false);
  testing::Cluster cluster{{.seed = 3}};
  CountJob count;
  auto run = cluster.start(count.job(
      on_rocksdb(1, {.every = 20ms, .storage = "/checkpoints", .incremental = incremental})));
  REQUIRE(run.run_until_checkpoint(3));
  const auto files_of_rows = [&](const std::string& directory) {
    const auto files = cluster.disk().list(directory).value();
    return std::count_if(files.begin(), files.end(),
                         [](const auto& file) { return file.name.ends_with(".state"); });
  };
  CHECK(files_of_rows("/checkpoints/count/chk-3") == (incremental ? 0 : 2));
  const auto savepoint = run.savepoint("/savepoints");
  REQUIRE(savepoint.ok());
  CHECK(files_of_rows(*savepoint) == 2);
  require_finish(run);
  count.check_exactly_once();
}
