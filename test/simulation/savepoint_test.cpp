// Savepoints of jobs that run, that are killed meanwhile, and that stop behind one; and jobs that
// continue from one.
#include "base/files.hpp"
#include "test/support/kill_matrix.hpp"

#include <weir/testing.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using test::CountJob;
using test::Figures;
using test::figures_of;
using test::require_finish;

namespace {

JobOptions stored_in(const std::string& directory, Duration every = 50ms) {
  return {.checkpoint = {.every = every, .storage = directory, .inline_threshold = 0}};
}

JobOptions on_rocksdb(JobOptions options) {
  options.state = {.backend = StateBackendType::rocksdb,
                   .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 0}};
  return options;
}

std::string taken(const Result<std::string>& savepoint) {
  INFO(savepoint.status().message());
  REQUIRE(savepoint.ok());
  return *savepoint;
}

std::vector<std::string> names_in(testing::Cluster& cluster, const std::string& directory) {
  std::vector<std::string> names;
  auto entries = cluster.disk().list(directory);
  REQUIRE(entries.ok());
  for (const DirectoryEntry& entry : *entries) names.push_back(entry.name);
  return names;
}

}  // namespace

TEST_CASE("a savepoint is a directory of its own, and the job goes on", "[sim][savepoint]") {
  testing::Cluster cluster{{.seed = 1}};
  CountJob count;
  auto run = cluster.start(count.job(stored_in("/chk")));
  REQUIRE(run.run_until_checkpoint(2));
  const std::string path = taken(run.savepoint("/sp"));
  CHECK(path == "/sp/savepoint-count-run1-3");
  CHECK(names_in(cluster, path) ==
        std::vector<std::string>{"_metadata", "counts-0-1.state", "counts-1-1.state"});
  require_finish(run);
  CHECK(run.restarts() == 0);
  CHECK(run.failed_checkpoints() == 0);
  count.check_exactly_once();
  // All of the job's own is gone with its end; the savepoint is not the job's.
  CHECK(names_in(cluster, path).size() == 3);
}

TEST_CASE("a job stops behind a savepoint and goes on from it, moved, elsewhere and otherwise",
          "[sim][savepoint][swarm]") {
  test::for_each_seed(6, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    CountJob count;
    const JobOptions memory = stored_in("/a");
    auto first = cluster.start(count.job(seed % 2 == 0 ? memory : on_rocksdb(memory)));
    first.run_for(std::chrono::milliseconds{30 + 40 * (seed % 8)});
    const std::string path = taken(first.savepoint("/sp", StopMode::suspend));
    CHECK_FALSE(first.finish());
    REQUIRE(first.has_ended());
    INFO(first.report());
    CHECK(count.output.pending() == 0);  // all that lies before it is committed
    REQUIRE(cluster.disk().create_directories("/moved").ok());
    REQUIRE(cluster.disk().rename(path, "/moved/there").ok());

    JobOptions other = stored_in("/b");
    if (seed % 2 == 0) other = on_rocksdb(other);
    other.parallelism = 3;
    auto second = cluster.start(count.job(other), {.restore_path = "/moved/there"});
    require_finish(second);
    count.check_exactly_once();
    CHECK(names_in(cluster, "/moved/there").size() == 3);
    return figures_of(second);
  });
}

TEST_CASE("a native savepoint needs nothing of the job's, and restores anywhere",
          "[sim][savepoint][rocksdb][swarm]") {
  test::for_each_seed(4, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    CountJob count;
    auto first = cluster.start(count.job(on_rocksdb(stored_in("/a"))));
    REQUIRE(first.run_until_checkpoint(1 + seed % 3));
    const auto stop = seed % 4 < 2 ? std::optional{StopMode::suspend} : std::nullopt;
    const std::string path = taken(first.savepoint("/sp", stop, SavepointFormat::native));
    if (stop)
      CHECK_FALSE(first.finish());
    else
      first.crash();
    const auto names = names_in(cluster, path);
    CHECK(std::any_of(names.begin(), names.end(),
                      [](const auto& name) { return name.ends_with(".sst"); }));
    REQUIRE(cluster.disk().create_directories("/moved").ok());
    REQUIRE(cluster.disk().rename(path, "/moved/there").ok());
    REQUIRE(base::remove_tree(cluster.disk(), "/a").ok());

    JobOptions other = stored_in("/b");
    if (seed % 2 == 0) other = on_rocksdb(other);
    other.parallelism = 3;
    auto second = cluster.start(count.job(other), {.restore_path = "/moved/there"});
    require_finish(second);
    count.check_exactly_once();
    CHECK(names_in(cluster, "/moved/there") == names);
    return figures_of(second);
  });
}

TEST_CASE("a native savepoint whose files are damaged or missing is refused by name",
          "[sim][savepoint][rocksdb]") {
  for (const bool is_missing : {false, true}) {
    testing::Cluster cluster{{.seed = 4}};
    CountJob count;
    auto first = cluster.start(count.job(on_rocksdb(stored_in("/a"))));
    REQUIRE(first.run_until_checkpoint(1));
    const std::string path =
        taken(first.savepoint("/sp", StopMode::suspend, SavepointFormat::native));
    CHECK_FALSE(first.finish());
    const auto names = names_in(cluster, path);
    const auto name =
        std::find_if(names.begin(), names.end(), [](const auto& n) { return n.ends_with(".sst"); });
    REQUIRE(name != names.end());
    const std::string file = path + "/" + *name;
    std::string bytes = base::read_file(cluster.disk(), file).value();
    bytes[bytes.size() / 2] ^= 1;
    REQUIRE((is_missing ? cluster.disk().remove_file(file)
                        : base::replace_file(cluster.disk(), file, bytes))
                .ok());
    auto second = cluster.try_start(count.job(on_rocksdb(stored_in("/b"))), {.restore_path = path});
    if (second.ok()) CHECK_FALSE(second->finish());
    CHECK_THAT(second.ok() ? second->report() : second.status().message(), Catch::Contains(*name));
  }
}

TEST_CASE("a savepoint commits nothing; whoever continues from it does", "[sim][savepoint]") {
  testing::Cluster cluster{{.seed = 3}};
  CountJob count;
  auto first = cluster.start(count.job(stored_in("/a", 10s)));
  first.run_for(100ms);
  const std::string path = taken(first.savepoint("/sp"));
  CHECK(count.output.committed().empty());
  first.crash();
  auto second = cluster.start(count.job(stored_in("/b")), {.restore_path = path});
  require_finish(second);
  count.check_exactly_once();
}

TEST_CASE("savepoints under kills: who asked hears of it, and checkpoints go on",
          "[sim][savepoint][swarm]") {
  test::for_each_seed(3, [](std::uint64_t seed) {
    CAPTURE(seed);
    return test::for_each_kill([&](const char* victim, Phase phase) {
      testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
      CountJob count;
      auto run = cluster.start(count.job(stored_in("/chk")));
      REQUIRE(run.run_until_checkpoint(1));
      const std::uint64_t before = run.checkpoints();
      const std::uint64_t request = run.ask_savepoint("/sp");
      run.at(testing::checkpoint(before + 1), phase).kill(victim);
      require_finish(run);
      const auto answer = run.savepoint_answer(request);
      REQUIRE(answer);  // at the latest with the end of the job, but never nothing
      if (!answer->ok())
        CHECK_THAT(answer->status().message(),
                   Catch::Contains("savepoint failed") ||
                       Catch::Contains("no savepoint can be taken now"));
      else
        CHECK(names_in(cluster, **answer).size() == 3);
      CHECK(run.checkpoints() > before);
      CHECK(run.failed_checkpoints() <= 2);
      count.check_exactly_once();
      return figures_of(run);
    });
  });
}

TEST_CASE("stopping behind a savepoint under kills: the job stops or goes on, exactly once",
          "[sim][savepoint][swarm]") {
  // Rare: the job must hear of its savepoint before it hears of a death that comes right behind.
  int stopped = 0;
  std::uint64_t plans = 0;
  test::for_each_seed(10, [&](std::uint64_t seed) {
    CAPTURE(seed);
    const Figures all = test::for_each_kill([&](const char* victim, Phase phase) {
      testing::Cluster cluster{{.seed = seed}};
      CountJob count;
      bool has_finished = false;
      Figures figures;
      {
        auto run = cluster.start(count.job(stored_in("/chk")));
        REQUIRE(run.run_until_checkpoint(1));
        const std::uint64_t request = run.ask_savepoint("/sp", StopMode::suspend);
        run.at(testing::checkpoint(run.checkpoints() + 1), phase).kill(victim);
        has_finished = run.finish();
        REQUIRE(run.has_ended());
        REQUIRE(run.savepoint_answer(request));
        CHECK(run.savepoint_answer(request)->ok() == !has_finished);
        figures = figures_of(run);
      }
      if (!has_finished) {
        ++stopped;
        auto next = cluster.start(count.job(stored_in("/chk")), {.restore_latest = true});
        require_finish(next);
      }
      count.check_exactly_once();
      return figures;
    });
    plans += all.plans;
    return all;
  });
  const bool are_many = plans >= 300;  // else a seed was asked for
  CHECK((stopped > 0 || !are_many));
  CHECK(stopped < static_cast<int>(plans));
}

TEST_CASE("who asks for a savepoint that cannot be written hears which file and what to do",
          "[sim][savepoint]") {
  for (const std::optional<StopMode> stop : {std::optional<StopMode>{}, {StopMode::suspend}}) {
    for (const char* part : {"/sp", "savepoint-count-run1-", ".state", "_metadata"}) {
      CAPTURE(stop.has_value(), part);
      testing::Cluster cluster{{.seed = 5}};
      CountJob count;
      auto run = cluster.start(count.job(stored_in("/chk", 10s)));
      run.run_for(60ms);
      cluster.fail_writes(part, ErrorCode::out_of_space);
      const auto savepoint = run.savepoint("/sp", stop);
      REQUIRE_FALSE(savepoint.ok());
      CHECK_THAT(savepoint.status().message(), Catch::Contains("/sp"));
      require_finish(run);  // as if nobody had asked
      CHECK(run.restarts() == 0);
      CHECK(run.failed_checkpoints() == 0);
      count.check_exactly_once();
      auto left = cluster.disk().list("/sp");
      CHECK((!left.ok() || left->empty()));
    }
  }
}

TEST_CASE("a savepoint needs a target, and a job", "[sim][savepoint]") {
  testing::Cluster cluster{{.seed = 6}};
  CountJob count;
  auto run = cluster.start(count.job(stored_in("/chk")));
  REQUIRE(run.run_until_checkpoint(1));
  const auto nowhere = run.savepoint("");
  CHECK(nowhere.status().code() == ErrorCode::invalid_argument);
  CHECK_THAT(nowhere.status().message(), Catch::Contains("execution.checkpointing.savepoint-dir"));
  require_finish(run);
  CHECK(run.savepoint("/sp").status().code() == ErrorCode::failed_precondition);
}

TEST_CASE("the options of a job say where its savepoints go", "[sim][savepoint]") {
  testing::Cluster cluster{{.seed = 7}};
  CountJob count;
  JobOptions options = stored_in("");  // checkpoints in memory: savepoints are on disk all the same
  options.checkpoint.savepoints = "file:///mine";
  auto run = cluster.start(count.job(options));
  run.run_for(60ms);
  const std::string path = taken(run.savepoint(""));
  CHECK(path.starts_with("/mine/savepoint-count-run1-"));
  CHECK(names_in(cluster, path).size() == 3);
}

TEST_CASE("a job that continues with its newest checkpoint refuses to go behind its savepoint",
          "[sim][savepoint]") {
  testing::Cluster cluster{{.seed = 8}};
  CountJob count;
  std::string path;
  {
    auto run = cluster.start(count.job(stored_in("/chk")));
    REQUIRE(run.run_until_checkpoint(2));
    path = taken(run.savepoint("/sp", StopMode::suspend));
    CHECK_FALSE(run.finish());
  }
  REQUIRE(cluster.disk().rename(path, "/sp/moved").ok());
  const auto refused = cluster.try_start(count.job(stored_in("/chk")), {.restore_latest = true});
  CHECK_THAT(refused.status().message(), Catch::Contains(path) && Catch::Contains("--restore"));
  auto next = cluster.start(count.job(stored_in("/chk")), {.restore_path = "/sp/moved"});
  require_finish(next);
  count.check_exactly_once();
}

TEST_CASE("a job deletes what it continues from only if it has claimed it", "[sim][savepoint]") {
  for (const ClaimMode mode : {ClaimMode::no_claim, ClaimMode::claim}) {
    testing::Cluster cluster{{.seed = 9}};
    CountJob count;
    auto first = cluster.start(count.job(stored_in("/a")));
    first.run_for(60ms);
    const std::string path = taken(first.savepoint("/sp", StopMode::suspend));
    CHECK_FALSE(first.finish());
    JobOptions options = stored_in("/b");
    options.claim_mode = mode;
    auto second = cluster.start(count.job(options), {.restore_path = path});
    second.run_for(10ms);
    CHECK(cluster.disk().stat(path).ok());  // as long as there is nothing newer
    REQUIRE(second.run_until_checkpoint(2));
    second.kill("counts/0");
    require_finish(second);
    CHECK(cluster.disk().stat(path).ok() == (mode == ClaimMode::no_claim));
    count.check_exactly_once();
  }
}
