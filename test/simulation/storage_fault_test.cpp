// Disks that refuse, fill up and forget; checkpoints that are damaged.
#include "base/files.hpp"
#include "base/random.hpp"
#include "test/support/count_job.hpp"
#include "test/support/sim_figures.hpp"

#include <weir/files.hpp>

#include <sstream>

using namespace std::chrono_literals;
using namespace weir;
using test::CountJob;
using test::Figures;
using test::require_finish;

namespace {

JobOptions on_disk(int tolerable = 0) {
  return {.checkpoint = {.tolerable_failures = tolerable, .storage = "/checkpoints"}};
}

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

/// The job with an output of files, which needs checkpoints as fast as its rows come.
Job to_files(const CountJob& count, EmitResults emit, CheckpointOptions checkpoint) {
  checkpoint.every = 20ms;
  Job job{"count",
          {.parallelism = 2,
           .checkpoint = checkpoint,
           .restart = restart::fixed_delay({.attempts = 1000, .delay = 5ms})}};
  job.source("numbers", count.input.source())
      .key_by([](int n) { return n % 7; })
      .count("counts", emit)
      .sink("out", files::csv<test::Count>("/out"));
  return job;
}

/// All committed rows of the files; no hidden file may be left.
std::vector<test::Count> rows_of(Env& disk) {
  std::vector<test::Count> rows;
  for (const auto& entry : disk.list("/out").value()) {
    CAPTURE(entry.name);
    REQUIRE(entry.name[0] != '.');
    std::istringstream lines{base::read_file(disk, "/out/" + entry.name).value()};
    for (std::string line; std::getline(lines, line);) {
      REQUIRE_FALSE(lines.eof());  // the line ends with a newline
      rows.emplace_back(std::stoi(line), std::stoll(line.substr(line.find(',') + 1)));
    }
  }
  return rows;
}

bool has_logged(const testing::Run& run, std::string_view text) {
  return std::any_of(run.log().begin(), run.log().end(),
                     [&](const auto& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("as many failed checkpoints as tolerated do not disturb the job", "[sim]") {
  for (const int tolerable : {0, 2}) {
    testing::Cluster cluster{{.seed = 3}};
    CountJob count;
    auto run = cluster.start(count.job(on_disk(tolerable)));
    REQUIRE(run.run_until_checkpoint(1));
    cluster.fail_writes("_metadata", ErrorCode::unavailable, 2);
    require_finish(run);
    CHECK(run.failed_checkpoints() >= 2);
    CHECK((run.restarts() == 0) == (tolerable == 2));
    count.check_exactly_once();
  }
}

TEST_CASE("a full disk fails checkpoints, damages none and loses nothing", "[sim][swarm]") {
  test::for_each_seed(8, [](std::uint64_t seed) {
    Figures figures;
    const std::uint64_t times = 1 + (seed - 1) % 8;
    for (const char* part : {"_metadata", "coordinator", "chk-", "/checkpoints"}) {
      CAPTURE(part, times, seed);
      testing::Cluster cluster{{.seed = seed}};
      CountJob count;
      auto run = cluster.start(count.job(on_disk(100)));
      REQUIRE(run.run_until_checkpoint(2));
      cluster.fail_writes(part, ErrorCode::out_of_space, times);
      require_finish(run);
      // A few errors may meet only the deletion of old checkpoints, which is tried again later.
      if (times >= 4) CHECK(run.failed_checkpoints() >= 1);
      count.check_exactly_once();
      figures += test::figures_of(run);
    }
    return figures;
  });
}

TEST_CASE("an output disk that refuses and recovers loses nothing", "[sim][swarm]") {
  test::for_each_seed(12, [](std::uint64_t seed) {
    const std::uint64_t times = 1 + (seed - 1) % 12;
    CAPTURE(times, seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    auto run = cluster.start(to_files(count, EmitResults::at_end, {.tolerable_failures = 3}));
    REQUIRE(run.run_until_checkpoint(1));
    cluster.fail_writes("/out", ErrorCode::out_of_space, times);
    require_finish(run);
    CHECK(rows_of(cluster.disk()).size() == 7);
    return test::figures_of(run);
  });
}

TEST_CASE(
    "whatever the disk refuses while parts of the job and whole processes die, each row is "
    "there once",
    "[sim][swarm]") {
  test::for_each_seed(30, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    testing::Cluster cluster{{.seed = seed, .force_bytes = random.chance(0.3)}};
    CountJob count;
    const auto job = [&] {
      return to_files(count, EmitResults::updates,
                      {.tolerable_failures = 2, .storage = "/checkpoints"});
    };
    Figures figures;
    auto run = cluster.start(job());
    const auto next_process = [&] {
      figures += test::figures_of_crashed(run);
      run.crash();
      // What is still to be refused may meet the start of a process, which then ends.
      auto next = cluster.try_start(job(), {.restore_latest = true});
      for (int i = 0; i < 40 && !next.ok(); ++i)
        next = cluster.try_start(job(), {.restore_latest = true});
      INFO((next.ok() ? "" : next.status().message()));
      REQUIRE(next.ok());
      run = std::move(next).value();
    };
    for (std::uint64_t faults = 1 + random.below(6); faults != 0 && !run.has_ended(); --faults) {
      run.run_for(std::chrono::microseconds{random.below(80'000)});
      const char* parts[] = {"/out", "/checkpoints", "_metadata", "coordinator", "chk-", ".state"};
      const ErrorCode codes[] = {ErrorCode::out_of_space, ErrorCode::unavailable};
      cluster.fail_writes(parts[random.below(std::size(parts))],
                          codes[random.below(std::size(codes))], 1 + random.below(4));
      if (random.chance(0.5)) run.kill("any");
      if (random.chance(0.2) && !run.has_ended()) next_process();
    }
    for (int i = 0; i < 40 && !run.finish(); ++i) next_process();
    INFO(run.report());
    REQUIRE(run.finish());
    auto rows = rows_of(cluster.disk());
    std::sort(rows.begin(), rows.end());
    std::vector<test::Count> expected;
    for (int key = 0; key < count.shape.keys; ++key) {
      for (std::size_t n = 1; n <= count.expected(key); ++n)
        expected.emplace_back(key, static_cast<std::int64_t>(n));
    }
    REQUIRE(rows == expected);
    figures += test::figures_of(run);
    return figures;
  });
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
  std::string state;
  for (const auto& entry : cluster.disk().list(newest).value()) {
    if (entry.name.ends_with(".state")) state = newest + "/" + entry.name;
  }
  REQUIRE_FALSE(state.empty());  // large enough not to be inlined
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

TEST_CASE("two jobs of one name cannot share a directory", "[sim]") {
  testing::Cluster cluster{{.seed = 9}};
  CountJob count;
  auto run = cluster.start(count.job(on_disk()));
  const auto second = cluster.try_start(count.job(on_disk()));
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().message().find("locked by a running process") != std::string::npos);
  require_finish(run);
}
