// Jobs whose checkpoints hold what has changed since the one before: whoever dies, whenever, the
// output is exactly right; and no file is missing or left over.
#include "base/random.hpp"
#include "checkpoint/storage.hpp"
#include "test/support/kill_matrix.hpp"

#include <algorithm>
#include <set>
#include <string>

using namespace std::chrono_literals;
using namespace weir;
using test::CountJob;
using test::Figures;
using test::figures_of;
using test::require_finish;

namespace {

const std::string kPlace = "/checkpoints/count";

/// Every bit of state is in a file. Some seeds write all of it anew all the time, some hardly ever.
JobOptions with_log(std::uint64_t seed, CheckpointOptions checkpoint = {}) {
  checkpoint.inline_threshold = 0;
  JobOptions options{.checkpoint = std::move(checkpoint)};
  options.state.changelog = {.enabled = true,
                             .materialize_interval = seed % 3 == 0 ? Duration{1ms} : 10min};
  return options;
}

/// Many keys, of which few change between two checkpoints.
CountJob::Shape many_keys() {
  return {.rows = 1200, .keys = 300, .pace = {.rows_per_poll = 5, .pause = 5ms}};
}

std::set<std::string> names_in(Env& disk, const std::string& directory) {
  std::set<std::string> names;
  const auto entries = disk.list(directory);
  if (!entries.ok()) return names;
  for (const DirectoryEntry& entry : *entries) names.insert(entry.name);
  return names;
}

/// Returns the longest log that a complete checkpoint has, all of whose files must be there, and no
/// other ones.
std::size_t check_checkpoints(Env& disk) {
  std::size_t longest = 0;
  for (const std::string& name : names_in(disk, kPlace)) {
    const std::string directory = kPlace + "/" + name;
    if (!name.starts_with("chk-") || !disk.stat(directory + "/_metadata").ok()) continue;
    const auto metadata = checkpoint::CheckpointStorage::load(disk, directory);
    INFO(metadata.status().message());
    REQUIRE(metadata.ok());
    std::set<std::string> needed{"_metadata"};
    for (const auto& part : metadata->parts) {
      for (const std::string& path : part.state.paths()) needed.insert(path);
      for (const auto& handle : part.state.keyed) longest = std::max(longest, handle.log.size());
    }
    CHECK(names_in(disk, directory) == needed);
  }
  return longest;
}

}  // namespace

TEST_CASE("changelog: whoever dies at whatever phase, each count is committed once",
          "[sim][changelog][swarm]") {
  test::for_each_seed(
      3, [](std::uint64_t seed) { return test::require_exact_under_kills(seed, with_log(seed)); });
}

TEST_CASE("changelog: nothing is missing or left over, whoever dies", "[sim][changelog][swarm]") {
  std::size_t longest = 0;
  test::for_each_seed(10, [&](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count{many_keys()};
    auto run = cluster.start(count.job(
        with_log(seed, {.every = 10ms, .tolerable_failures = 1000, .storage = "/checkpoints"})));
    run.chaos("kill any at random 20/s seed " + std::to_string(seed) + " times 5");
    for (int i = 0; i < 50 && !run.has_ended(); ++i) {
      run.run_for(7ms);
      longest = std::max(longest, check_checkpoints(cluster.disk()));
    }
    require_finish(run);
    count.check_exactly_once();
    CHECK_FALSE(cluster.disk().stat(kPlace + "/changelog").ok());
    return figures_of(run);
  });
  CHECK(longest > 3);
}

TEST_CASE("changelog: several checkpoints at once, with messages lost, repeated and late",
          "[sim][changelog][swarm]") {
  test::for_each_seed(20, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .disturbed_messages = 0.2}};
    CountJob count{many_keys()};
    auto run = cluster.start(count.job(with_log(seed, {.every = 3ms,
                                                       .timeout = 200ms,
                                                       .max_concurrent = 3,
                                                       .tolerable_failures = 1000,
                                                       .retained = 2})));
    run.chaos("kill any at checkpoint " + std::to_string(5 + seed % 30) + " acknowledged");
    require_finish(run);
    count.check_exactly_once();
    return figures_of(run);
  });
}

TEST_CASE(
    "changelog: it is switched on and off between lives, at any parallelism, with any backend",
    "[sim][changelog][swarm]") {
  test::for_each_seed(15, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    testing::Cluster cluster{{.seed = seed}};
    CountJob count{many_keys()};
    return test::require_finish_in_lives(cluster, random, [&] {
      JobOptions options = with_log(seed, {.every = 10ms, .storage = "/checkpoints"});
      options.state.changelog.enabled = random.chance(0.6);
      if (!options.state.changelog.enabled && random.chance(0.5))
        options.state.backend = StateBackendType::rocksdb;
      options.parallelism = 2 + static_cast<int>(random.below(3));
      return count.job(options);
    });
  });
}

TEST_CASE("changelog: a disk that fails now and then costs checkpoints, and no counts",
          "[sim][changelog][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count{many_keys()};
    auto run = cluster.start(count.job(
        with_log(seed, {.every = 10ms, .tolerable_failures = 1000, .storage = "/checkpoints"})));
    for (int i = 0; i < 10 && !run.has_ended(); ++i) {
      run.run_for(20ms);
      cluster.fail_writes("changelog/",
                          i % 2 == 0 ? ErrorCode::out_of_space : ErrorCode::unavailable, 2);
    }
    require_finish(run);
    count.check_exactly_once();
    return figures_of(run);
  });
}

TEST_CASE("changelog: a savepoint has all rows, whoever continues from it", "[sim][changelog]") {
  testing::Cluster cluster{{.seed = 3}};
  CountJob count{many_keys()};
  auto run = cluster.start(count.job(with_log(1, {.every = 10ms, .storage = "/checkpoints"})));
  REQUIRE(run.run_until_checkpoint(8));
  REQUIRE(check_checkpoints(cluster.disk()) > 0);
  const auto savepoint = run.savepoint("/savepoints");
  REQUIRE(savepoint.ok());
  const auto metadata = checkpoint::CheckpointStorage::load(cluster.disk(), *savepoint);
  REQUIRE(metadata.ok());
  for (const auto& part : metadata->parts) {
    for (const auto& handle : part.state.keyed) CHECK_FALSE(handle.has_log());
  }
  require_finish(run);
  count.check_exactly_once();
}
