// The machine loses power before any change of its disk, and comes back.
#include "base/files.hpp"
#include "base/random.hpp"
#include "checkpoint/storage.hpp"
#include "state/native_snapshot.hpp"
#include "test/support/count_job.hpp"
#include "test/support/sim_figures.hpp"

#include <weir/files.hpp>

#include <set>

using namespace std::chrono_literals;
using namespace weir;
using test::CountJob;
using test::Figures;
using test::require_finish;

namespace {

/// A short job with two or three checkpoints, so that each change of the disk can be tried.
CountJob short_job() {
  return CountJob{{.rows = 60,
                   .keys = 3,
                   .partitions = 2,
                   .pace = {.rows_per_poll = 5, .pause = std::chrono::milliseconds{10}}}};
}

/// With an even seed state is in RocksDB, and checkpoints share its files.
JobOptions on_disk(std::uint64_t seed) {
  JobOptions options{.parallelism = 2, .checkpoint = {.every = 20ms, .storage = "/checkpoints"}};
  if (seed % 2 != 0) return options;
  options.checkpoint.inline_threshold = 0;
  options.checkpoint.retained = 2;
  options.state = {.backend = StateBackendType::rocksdb,
                   .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 0}};
  return options;
}

Job to_files(const CountJob& count, std::uint64_t seed = 1) {
  Job job{"count", on_disk(seed)};
  job.source("numbers", count.input.source())
      .key_by([](int n) { return n % 3; })
      .count("counts")
      .sink("out", files::csv<test::Count>("/out"));
  return job;
}

void check_files(Env& disk, const CountJob& count) {
  std::map<int, std::vector<std::int64_t>> by_key;
  for (const auto& entry : disk.list("/out").value()) {
    REQUIRE(entry.name[0] != '.');
    const Bytes content = base::read_file(disk, "/out/" + entry.name).value();
    for (std::size_t begin = 0; begin < content.size();) {
      const std::size_t end = content.find('\n', begin);
      REQUIRE(end != std::string::npos);
      const std::string line = content.substr(begin, end - begin);
      by_key[std::stoi(line)].push_back(std::stoll(line.substr(line.find(',') + 1)));
      begin = end + 1;
    }
  }
  REQUIRE(by_key.size() == 3);
  for (auto& [key, counts] : by_key) {
    std::sort(counts.begin(), counts.end());
    REQUIRE(counts.size() == count.expected(key));
    for (std::size_t i = 0; i < counts.size(); ++i)
      REQUIRE(counts[i] == static_cast<std::int64_t>(i) + 1);
  }
}

/// Requires that each complete checkpoint has all its files, whole, and no others.
void check_checkpoints(Env& disk) {
  const auto entries = disk.list("/checkpoints/count");
  if (!entries.ok()) return;
  for (const auto& entry : *entries) {
    const std::string directory = "/checkpoints/count/" + entry.name;
    if (!entry.name.starts_with("chk-") || !disk.stat(directory + "/_metadata").ok()) continue;
    CAPTURE(directory);
    const auto metadata = checkpoint::CheckpointStorage::load(disk, directory);
    REQUIRE(metadata.ok());
    std::set<std::string> named{"_metadata"};
    for (const auto& part : metadata->parts) {
      for (const auto& handle : part.state.keyed) {
        REQUIRE(state::verify_files(handle, disk, directory).ok());
        for (const std::string& path : handle.paths()) named.insert(path);
      }
    }
    for (const auto& file : disk.list(directory).value()) REQUIRE(named.contains(file.name));
  }
}

/// How often a job changes the disk that nothing befalls.
std::uint64_t changes_of(std::uint64_t seed) {
  testing::Cluster cluster{{.seed = seed}};
  const CountJob count = short_job();
  auto run = cluster.start(to_files(count, seed));
  require_finish(run);
  check_files(cluster.disk(), count);
  return cluster.disk_changes();
}

}  // namespace

TEST_CASE("power fails before any change of the disk: the job goes on and is exactly right",
          "[sim][swarm]") {
  test::for_each_seed(2, [](std::uint64_t seed) {
    Figures figures;
    const std::uint64_t changes = changes_of(seed);
    REQUIRE(changes > 50);
    for (std::uint64_t n = 1; n <= changes; ++n) {
      CAPTURE(n, seed);
      testing::Cluster cluster{{.seed = seed}};
      const CountJob count = short_job();
      cluster.crash_before_change(n);
      {
        auto run = cluster.try_start(to_files(count, seed));
        if (run.ok()) (void)run->finish();
      }
      if (!cluster.has_crashed()) continue;  // this seed needs fewer changes
      cluster.power_on();
      check_checkpoints(cluster.disk());
      // Once more, at a moment of its own, before it may run to its end.
      cluster.crash_before_change(1 + n % 17);
      {
        auto run = cluster.try_start(to_files(count, seed), {.restore_latest = true});
        if (run.ok()) (void)run->finish();
      }
      figures += {.plans = 1, .deaths = cluster.has_crashed() ? 2U : 1U};
      cluster.power_on();  // also after a good end: what was committed must be on the disk
      auto run = cluster.try_start(to_files(count, seed), {.restore_latest = true});
      INFO((run.ok() ? "" : run.status().message()));
      REQUIRE(run.ok());
      const bool finished = run->finish();
      INFO(run->report());
      REQUIRE(finished);
      check_files(cluster.disk(), count);
    }
    return figures;
  });
}

TEST_CASE("a process that dies is continued by the next, at any parallelism", "[sim][swarm]") {
  test::for_each_seed(40, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    base::Random random{seed};
    Figures figures;
    const auto options = [&](int parallelism) {
      return JobOptions{.parallelism = parallelism, .checkpoint = {.storage = "/checkpoints"}};
    };
    {
      auto run = cluster.start(count.job(options(3)));
      // Dies with transactions that are prepared, and whose checkpoint has completed, uncommitted.
      run.at(testing::checkpoint(2 + random.below(3)), Phase::committing).kill("coordinator");
      run.run_for(std::chrono::milliseconds{100 + random.below(150)});
      figures += test::figures_of_crashed(run);
      run.crash();
    }
    const int parallelism = static_cast<int>(1 + random.below(6));
    {
      auto run = cluster.start(count.job(options(parallelism)), {.restore_latest = true});
      run.run_for(60ms);
      figures += test::figures_of_crashed(run);
      run.crash();
    }
    auto run = cluster.start(count.job(options(static_cast<int>(1 + random.below(6)))),
                             {.restore_latest = true});
    require_finish(run);
    count.check_exactly_once();
    figures += test::figures_of(run);
    return figures;
  });
}

TEST_CASE("checkpoints of a finished job are deleted, and it is known to have finished", "[sim]") {
  testing::Cluster cluster{{.seed = 1}};
  const CountJob count = short_job();
  {
    auto run = cluster.start(to_files(count));
    require_finish(run);
  }
  std::vector<std::string> left;
  for (const auto& entry : cluster.disk().list("/checkpoints/count").value())
    left.push_back(entry.name);
  CHECK(left == std::vector<std::string>{"claim-0-1.run1", "coordinator"});
}

TEST_CASE("a stopped job keeps its last checkpoint and goes on from it without a record twice",
          "[sim]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    {
      auto run = cluster.start(count.job({.checkpoint = {.storage = "/checkpoints"}}));
      run.run_for(std::chrono::milliseconds{20 + 13 * seed});
      const bool was_over = run.has_ended();
      run.stop();
      (void)run.finish();
      INFO(run.report());
      REQUIRE(run.has_ended());
      if (was_over) continue;
    }
    // What was committed before the stop is complete up to it: nothing waits to be committed.
    CHECK(count.output.pending() == 0);
    auto run = cluster.start(count.job({.checkpoint = {.storage = "/checkpoints"}}),
                             {.restore_latest = true});
    require_finish(run);
    count.check_exactly_once();
  }
}

TEST_CASE("a cancelled job keeps or deletes its checkpoints as it was told", "[sim]") {
  for (const auto retention :
       {Retention::retain_on_cancellation, Retention::delete_on_cancellation}) {
    testing::Cluster cluster{{.seed = 1}};
    CountJob count;
    auto run = cluster.start(
        count.job({.checkpoint = {.storage = "/checkpoints", .retention = retention}}));
    REQUIRE(run.run_until_checkpoint(2));
    run.stop(true);
    CHECK_FALSE(run.finish());
    REQUIRE(run.has_ended());
    std::size_t checkpoints = 0;
    for (const auto& entry : cluster.disk().list("/checkpoints/count").value())
      checkpoints += entry.name.starts_with("chk-") ? 1 : 0;
    CHECK(checkpoints == (retention == Retention::retain_on_cancellation ? 1 : 0));
  }
}
