// Disks that refuse, hang, are slow and fill up under a running job.
#include "base/files.hpp"
#include "base/random.hpp"
#include "test/support/sim_figures.hpp"
#include "test/support/stored_job.hpp"

#include <weir/files.hpp>

#include <sstream>

using namespace std::chrono_literals;
using namespace weir;
using test::CountJob;
using test::Figures;
using test::has_logged;
using test::on_disk;
using test::require_finish;
using test::to_files_only;

namespace {

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

}  // namespace

TEST_CASE("as many failed checkpoints as tolerated do not disturb the job", "[sim]") {
  for (const int tolerable : {0, 2}) {
    testing::Cluster cluster{{.seed = 3}};
    CountJob count;
    JobOptions options = on_disk(tolerable);
    options.checkpoint.write_retry.timeout = {};
    auto run = cluster.start(count.job(options));
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

TEST_CASE("a disk that fails one write in ten costs no checkpoints, only time", "[sim][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) {
    CAPTURE(seed);
    Figures figures;
    std::uint64_t completed[2] = {};
    std::uint64_t failed[2] = {};
    for (const bool tries_again : {false, true}) {
      testing::Cluster cluster{{.seed = seed}};
      CountJob count;
      JobOptions options = to_files_only(400ms);
      options.checkpoint.write_retry = {
          .timeout = tries_again ? 300ms : Duration{}, .initial_backoff = 1ms, .max_backoff = 8ms};
      auto run = cluster.start(count.job(options));
      REQUIRE(run.run_until_checkpoint(1));
      cluster.fail_some_writes("/checkpoints", ErrorCode::unavailable, 0.1);
      if (seed % 3 == 0) run.chaos("kill any at checkpoint 4 acknowledged");
      require_finish(run);
      completed[tries_again] = run.checkpoints();
      failed[tries_again] = run.failed_checkpoints();
      CHECK(has_logged(run, "will be tried again") == tries_again);
      count.check_exactly_once();
      figures += test::figures_of(run);
    }
    CHECK(failed[true] <= 1);  // the one during the kill
    CHECK(failed[true] < failed[false]);
    CHECK(completed[true] > completed[false]);
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

TEST_CASE("a write that hangs costs its checkpoint, and the next one completes", "[sim][swarm]") {
  test::for_each_seed(8, [](std::uint64_t seed) {
    Figures figures;
    // The metadata is written once it is known that the checkpoint has all its state.
    for (const char* part : {".state", "_metadata"}) {
      CAPTURE(part, seed);
      testing::Cluster cluster{{.seed = seed}};
      CountJob count;
      auto run = cluster.start(count.job(to_files_only(60ms)));
      REQUIRE(run.run_until_checkpoint(2));
      cluster.hang_writes(part, 1 + seed % 3);
      while (run.failed_checkpoints() == 0 && !run.has_ended()) run.run_for(5ms);
      CHECK(run.failed_checkpoints() >= 1);
      CHECK(has_logged(run, "60 ms"));  // the timeout
      const std::uint64_t before = run.checkpoints();
      if (seed % 2 == 0) run.kill("any");
      require_finish(run);
      CHECK(run.checkpoints() > before);
      CHECK((run.restarts() == 0) == (seed % 2 == 1));
      count.check_exactly_once();
      figures += test::figures_of(run);
    }
    return figures;
  });
}

TEST_CASE("slow writes make checkpoints late, or cost them, and nothing else", "[sim][swarm]") {
  test::for_each_seed(8, [](std::uint64_t seed) {
    Figures figures;
    for (const Duration time : {20ms, 100ms}) {
      CAPTURE(time.count(), seed);
      testing::Cluster cluster{{.seed = seed}};
      CountJob count;
      auto run = cluster.start(count.job(to_files_only(60ms)));
      REQUIRE(run.run_until_checkpoint(2));
      const bool is_state = seed % 3 != 0;
      const bool is_killed = seed % 2 == 0;
      cluster.slow_writes(is_state ? ".state" : "/checkpoints", time, 1 + seed % 4);
      if (is_killed) run.chaos("kill any at checkpoint 3 acknowledged");
      require_finish(run);
      // Its answer comes when the checkpoint is over, and changes nothing.
      if (time > 60ms && is_state && !is_killed) CHECK(run.failed_checkpoints() >= 1);
      count.check_exactly_once();
      figures += test::figures_of(run);
    }
    return figures;
  });
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
