// Checkpoints that are torn, damaged, incomplete, or of another job: who continues finds out.
#include "base/files.hpp"
#include "checkpoint/storage.hpp"
#include "test/support/stored_job.hpp"
#include "test/support/swarm.hpp"

#include <cstdlib>

using namespace std::chrono_literals;
using namespace weir;
using test::CountJob;
using test::Figures;
using test::has_logged;
using test::on_disk;
using test::require_finish;
using test::to_files_only;

namespace {

void damage(Env& disk, const std::string& path) {
  Bytes bytes = base::read_file(disk, path).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  auto file = disk.create(path).value();
  REQUIRE(file->append(bytes).ok());
}

/// Runs until some checkpoints have completed, then kills the process.
void leave_checkpoints(testing::Cluster& cluster, const CountJob& count, std::uint64_t completed,
                       JobOptions options) {
  auto run = cluster.start(count.job(options));
  REQUIRE(run.run_until_checkpoint(completed));
  run.crash();
}

std::vector<std::string> checkpoints(Env& disk) {
  std::vector<std::string> names;
  for (const auto& entry : disk.list("/checkpoints/count").value()) {
    if (entry.name.starts_with("chk-")) names.push_back(entry.name);
  }
  return names;
}

/// A file of state in the directory of a checkpoint.
std::string state_file(Env& disk, const std::string& directory) {
  std::string path;
  for (const auto& entry : disk.list(directory).value()) {
    if (entry.name.ends_with(".state")) path = directory + "/" + entry.name;
  }
  REQUIRE_FALSE(path.empty());
  return path;
}

}  // namespace

TEST_CASE("what a disk had only promised to keep is found torn, and named", "[sim][swarm]") {
  int torn = 0;
  test::for_each_seed(20, [&torn](std::uint64_t seed) -> Figures {
    const char* part = seed % 2 == 0 ? ".state" : "_metadata";
    CAPTURE(part, seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    JobOptions options = to_files_only(10min);
    options.checkpoint.retained = 3;
    {
      auto run = cluster.start(count.job(options));
      REQUIRE(run.run_until_checkpoint(3));
      cluster.forget_syncs(part, 4);
      REQUIRE(run.run_until_checkpoint(4));
      cluster.crash_before_change(1);
      CHECK_FALSE(run.finish());
    }
    cluster.power_on();
    const std::string newest = "/checkpoints/count/" + checkpoints(cluster.disk()).back();
    const bool was_complete = checkpoint::CheckpointStorage::load(cluster.disk(), newest).ok();
    torn += was_complete ? 0 : 1;
    auto run = cluster.start(count.job(options), {.restore_latest = true});
    require_finish(run);
    CHECK(has_logged(run, "skipping a damaged checkpoint") == !was_complete);
    if (!was_complete) CHECK(has_logged(run, newest + "/"));
    if (was_complete)
      count.check_exactly_once();
    else
      count.check_at_least_once();  // the log has committed what belongs to the newest
    return {.plans = 1, .deaths = 1, .restarts = static_cast<std::uint64_t>(run.restarts())};
  });
  if (std::getenv("WEIR_SEED") == nullptr) CHECK(torn > 0);
}

TEST_CASE("a state file that has vanished is named; an older checkpoint takes over, if any",
          "[sim]") {
  for (const bool have_all : {false, true}) {
    CAPTURE(have_all);
    testing::Cluster cluster{{.seed = 5}};
    CountJob count;
    JobOptions options = to_files_only(10min);
    options.checkpoint.retained = 3;
    leave_checkpoints(cluster, count, 4, options);
    std::string last;  // that vanished
    const auto names = checkpoints(cluster.disk());
    for (const std::string& name : names) {
      if (!have_all && name != names.back()) continue;
      last = state_file(cluster.disk(), "/checkpoints/count/" + name);
      REQUIRE(cluster.disk().remove_file(last).ok());
    }
    auto run = cluster.try_start(count.job(options), {.restore_latest = true});
    if (have_all) {
      REQUIRE_FALSE(run.ok());
      CHECK(run.status().code() == ErrorCode::corrupt);
      CHECK(run.status().message().find(last) != std::string::npos);
      CHECK(run.status().message().find("put back a copy of it") != std::string::npos);
    } else {
      REQUIRE(run.ok());
      require_finish(*run);
      CHECK(has_logged(*run, last));
      count.check_at_least_once();
    }
  }
}

TEST_CASE("a damaged newest checkpoint is skipped for the one before", "[sim]") {
  testing::Cluster cluster{{.seed = 5}};
  CountJob count;
  // The log commits for good, so the run that goes back must not have committed beyond the older
  // one.
  JobOptions options = on_disk();
  options.checkpoint.retained = 3;
  leave_checkpoints(cluster, count, 4, options);
  const auto ids = checkpoints(cluster.disk());
  REQUIRE(ids.size() >= 3);
  damage(cluster.disk(), "/checkpoints/count/" + ids.back() + "/_metadata");
  auto run = cluster.start(count.job(options), {.restore_latest = true});
  require_finish(run);
  CHECK(has_logged(run, "skipping a damaged checkpoint"));
  count.check_at_least_once();  // what had been committed since the older one comes again
}

TEST_CASE("a checkpoint whose state file is cut off is skipped as well", "[sim]") {
  testing::Cluster cluster{{.seed = 5}};
  CountJob count{{.rows = 40'000, .keys = 20'000, .pace = {.rows_per_poll = 400, .pause = 10ms}}};
  JobOptions options = on_disk();
  options.checkpoint.retained = 2;
  leave_checkpoints(cluster, count, 4, options);
  const std::string newest = "/checkpoints/count/" + checkpoints(cluster.disk()).back();
  const std::string state = state_file(cluster.disk(), newest);  // too large to be inlined
  const Bytes bytes = base::read_file(cluster.disk(), state).value();
  auto file = cluster.disk().create(state).value();
  REQUIRE(file->append(bytes.substr(0, bytes.size() - 1)).ok());
  auto run = cluster.start(count.job(options), {.restore_latest = true});
  require_finish(run);
  CHECK(has_logged(run, "is truncated"));
  count.check_at_least_once();
}

TEST_CASE("state that is damaged inside ends the job with the file's name, not in a loop",
          "[sim]") {
  testing::Cluster cluster{{.seed = 6}};
  CountJob count{{.rows = 40'000, .keys = 20'000, .pace = {.rows_per_poll = 400, .pause = 10ms}}};
  leave_checkpoints(cluster, count, 3, on_disk());
  const std::string newest = "/checkpoints/count/" + checkpoints(cluster.disk()).back();
  for (const auto& entry : cluster.disk().list(newest).value()) {
    if (entry.name.ends_with(".state")) damage(cluster.disk(), newest + "/" + entry.name);
  }
  auto run = cluster.start(count.job(on_disk()), {.restore_latest = true});
  CHECK_FALSE(run.finish());
  REQUIRE(run.has_ended());
  CHECK(run.restarts() == 0);
  CHECK(run.report().find("cannot be restored") != std::string::npos);
  CHECK(run.report().find(".state is damaged at byte") != std::string::npos);
}

TEST_CASE("a checkpoint that does not fit the job is refused before anything is touched", "[sim]") {
  testing::Cluster cluster{{.seed = 7}};
  CountJob count;
  leave_checkpoints(cluster, count, 2, on_disk());
  const auto before = checkpoints(cluster.disk());

  Job renamed{"count",
              {.parallelism = 2, .checkpoint = {.every = 50ms, .storage = "/checkpoints"}}};
  renamed.source("numbers", count.input.source())
      .key_by([](int n) { return n % 7; })
      .count("renamed")
      .sink("out", count.output.sink());
  const auto refused = cluster.try_start(renamed, {.restore_latest = true});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().code() == ErrorCode::failed_precondition);
  CHECK(refused.status().message().find("no operator \"counts\"") != std::string::npos);

  JobOptions narrow = on_disk();
  narrow.max_parallelism = 64;
  CHECK(cluster.try_start(count.job(narrow), {.restore_latest = true}).status().code() ==
        ErrorCode::failed_precondition);
  CHECK(checkpoints(cluster.disk()) == before);

  auto run = cluster.start(count.job(on_disk()), {.restore_latest = true});
  require_finish(run);
  count.check_exactly_once();
}

TEST_CASE("dropping state is possible, but only on demand", "[sim]") {
  testing::Cluster cluster{{.seed = 8}};
  CountJob count;
  leave_checkpoints(cluster, count, 2, on_disk());
  Job renamed{"count",
              {.parallelism = 2, .checkpoint = {.every = 50ms, .storage = "/checkpoints"}}};
  renamed.source("numbers", count.input.source())
      .key_by([](int n) { return n % 7; })
      .count("renamed", EmitResults::at_end)
      .sink("out", count.output.sink());
  auto run = cluster.start(renamed, {.restore_latest = true, .allow_non_restored_state = true});
  require_finish(run);
}
