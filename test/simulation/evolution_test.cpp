// Jobs that go on with state of types that have changed: from a savepoint or a checkpoint, at
// another parallelism, on another backend, whoever dies. No record is lost, none counts twice.
#include "test/support/kill_matrix.hpp"

#include <weir/testing.hpp>

#include <catch2/catch.hpp>

#include <optional>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using namespace weir;
using test::Count;
using test::CountJob;
using test::Figures;
using test::figures_of;
using test::require_finish;

namespace {

namespace v1 {
struct Tally {
  std::string unused = "gone";
  std::int64_t count = 0;
};
struct Seen {
  int number = 0;
};
}  // namespace v1

namespace v2 {
struct Tally {
  std::int64_t count = 0;
  std::int64_t version = 2;
};
struct Seen {
  std::optional<std::string> by = "v1";
  int number = 0;
};
}  // namespace v2

namespace v3 {
struct Tally {
  std::int32_t count = 0;
};
}  // namespace v3

JobOptions options_of(bool on_rocksdb, const std::string& directory) {
  JobOptions options{.checkpoint = {.every = 50ms, .storage = directory, .inline_threshold = 0}};
  options.parallelism = 2;
  options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
  if (on_rocksdb)
    options.state = {.backend = StateBackendType::rocksdb,
                     .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 0}};
  return options;
}

/// Counts per key like CountJob, and keeps each number that it has seen, in a map and in a list.
template <class Tally, class Seen>
Job job_of(const CountJob& count, const JobOptions& options) {
  Job job{"count", options};
  job.source("numbers", count.input.source())
      .key_by([keys = count.shape.keys](int n) { return n % keys; })
      .process("counts", value_state<Tally>("tally"), map_state<int, Seen>("seen"),
               list_state<Seen>("all"),
               [keys = count.shape.keys](int n, ValueState<Tally>& tally, MapState<int, Seen>& seen,
                                         ListState<Seen>& all, Emit<Count>& out) {
                 if (seen.contains(n)) throw std::runtime_error{"a number came twice"};
                 seen.put(n, Seen{.number = n});
                 all.add(Seen{.number = n});
                 Tally now = tally.value_or(Tally{});
                 if constexpr (requires { now.version; }) {
                   if (now.version != 2) throw std::runtime_error{"a default was lost"};
                 }
                 ++now.count;
                 tally.set(now);
                 if (now.count != static_cast<std::int64_t>(all.get().size()) ||
                     seen.size() != all.get().size())
                   throw std::runtime_error{"states do not agree"};
                 for (const Seen& element : all.get()) {
                   if (!seen.contains(element.number))
                     throw std::runtime_error{"a number was lost"};
                 }
                 out(Count{n % keys, now.count});
               })
      .sink("out", count.output.sink());
  return job;
}

Job old_job(const CountJob& count, const JobOptions& options) {
  return job_of<v1::Tally, v1::Seen>(count, options);
}
Job new_job(const CountJob& count, const JobOptions& options) {
  return job_of<v2::Tally, v2::Seen>(count, options);
}

}  // namespace

TEST_CASE("a job goes on behind its savepoint with types that have changed",
          "[sim][evolution][swarm]") {
  test::for_each_seed(8, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    CountJob count;
    auto first = cluster.start(old_job(count, options_of(seed % 2 == 0, "/a")));
    first.run_for(std::chrono::milliseconds{30 + 30 * (seed % 10)});
    const auto savepoint = first.savepoint("/sp", StopMode::suspend);
    REQUIRE(savepoint.ok());
    CHECK_FALSE(first.finish());

    JobOptions options = options_of(seed / 2 % 2 == 0, "/b");
    options.parallelism = 3;
    auto second = cluster.start(new_job(count, options), {.restore_path = *savepoint});
    second.chaos("kill any at random 5/s seed " + std::to_string(seed) + " times 3");
    require_finish(second);
    count.check_exactly_once();
    return figures_of(second);
  });
}

TEST_CASE("a job goes on from its newest checkpoint with types that have changed",
          "[sim][evolution][swarm]") {
  test::for_each_seed(8, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    CountJob count;
    auto first = cluster.start(old_job(count, options_of(seed % 2 == 0, "/chk")));
    REQUIRE(first.run_until_checkpoint(1 + seed % 4));
    first.crash();
    JobOptions options = options_of(seed / 2 % 2 == 0, "/chk");
    options.parallelism = 2 + static_cast<int>(seed % 2);
    auto second = cluster.start(new_job(count, options), {.restore_latest = true});
    // Dies once before a checkpoint of its own, so that it begins with the old one again.
    second.at(testing::checkpoint(1), Phase::acknowledged).kill("counts/1");
    require_finish(second);
    CHECK(second.restarts() == 1);
    count.check_exactly_once();
    return figures_of(second);
  });
}

TEST_CASE("what has changed is logged; what does not fit is refused before anything starts",
          "[sim][evolution]") {
  testing::Cluster cluster{{.seed = 4}};
  CountJob count;
  const JobOptions options = options_of(false, "/chk");
  auto first = cluster.start(old_job(count, options));
  REQUIRE(first.run_until_checkpoint(2));
  first.crash();

  const auto refused =
      cluster.try_start(job_of<v3::Tally, v1::Seen>(count, options), {.restore_latest = true});
  REQUIRE(refused.status().code() == ErrorCode::failed_precondition);
  CHECK_THAT(refused.status().message(),
             Catch::Contains("operator \"counts\"") && Catch::Contains("state \"tally\"") &&
                 Catch::Contains("written as {unused: str, count: i64}") &&
                 Catch::Contains("declares {count: i32}") && Catch::Contains(".count: i64 -> i32"));

  auto second = cluster.start(new_job(count, options), {.restore_latest = true});
  std::string log;
  for (const std::string& line : second.log()) log += line + "\n";
  for (const char* change :
       {".version is new", ".unused is dropped", "[value].by is new", "[].by is new"})
    CHECK_THAT(log, Catch::Contains(change));
  require_finish(second);
  count.check_exactly_once();
}
