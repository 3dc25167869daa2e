// Jobs that are stopped with drain: what was read is counted to its end, the rest is not read, and
// if it comes to nothing it is as if nobody had asked.
#include "checkpoint/storage.hpp"
#include "test/support/kill_matrix.hpp"
#include "test/support/numbers.hpp"
#include "test/support/run_log.hpp"

#include <weir/testing.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using test::Count;
using test::CountJob;
using test::Figures;
using test::figures_of;
using test::has_logged;
using test::require_finish;

namespace {

constexpr int kKeys = 7;
constexpr int kRows = 600;

JobOptions stored_in(const std::string& directory, Duration every = 50ms) {
  return {.parallelism = 2,
          .checkpoint = {.every = every, .storage = directory, .inline_threshold = 0},
          .restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms})};
}

/// Numbers, counted by key: each count as it changes, and once more at the end.
struct TwiceCounted {
  Job job(const JobOptions& options) const {
    Job job{"count", options};
    auto numbers = job.source("numbers", input.source()).key_by([](int n) { return n % kKeys; });
    numbers.count("counts").sink("out", counts.sink());
    numbers.count("totals", EmitResults::at_end).sink("sums", totals.sink());
    return job;
  }

  /// Requires that each number that was read counts once, as it came and at the end; returns how
  /// many were read.
  int check_counts() const {
    std::map<int, std::int64_t> total;
    for (const auto& [key, count] : totals.committed()) REQUIRE(total.emplace(key, count).second);
    std::vector<Count> expected;
    int read = 0;
    for (const auto& [key, count] : total) {
      for (int n = 1; n <= count; ++n) expected.emplace_back(key, n);
      read += static_cast<int>(count);
    }
    std::vector<Count> committed = counts.committed();
    std::sort(committed.begin(), committed.end());
    REQUIRE(committed == expected);
    CHECK(counts.pending() == 0);
    CHECK(totals.pending() == 0);
    return read;
  }

  testing::ReplayLog<int> input{
      CountJob::numbers(kRows), 3, {.rows_per_poll = 5, .pause = std::chrono::milliseconds{10}}};
  testing::TransactionLog<Count> counts;
  testing::TransactionLog<Count> totals;
};

checkpoint::CheckpointMetadata load(testing::Cluster& cluster, const std::string& path) {
  auto metadata = checkpoint::CheckpointStorage::load(cluster.disk(), path);
  INFO(metadata.status().message());
  REQUIRE(metadata.ok());
  return std::move(metadata).value();
}

}  // namespace

TEST_CASE("a job that is drained emits what it does at the end of its input, and finishes",
          "[sim][drain][swarm]") {
  test::for_each_seed(6, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    TwiceCounted twice;
    auto run = cluster.start(twice.job(stored_in("/chk", seed % 3 == 0 ? 0ms : 50ms)));
    run.run_for(std::chrono::milliseconds{30 + 40 * (seed % 8)});
    const auto path = run.savepoint("/sp", StopMode::drain);
    INFO(path.status().message());
    REQUIRE(path.ok());
    require_finish(run);
    CHECK(run.restarts() == 0);
    CHECK(run.failed_checkpoints() == 0);
    const int read = twice.check_counts();
    CHECK(read > 0);
    CHECK(read < kRows);

    // Who begins there again, wherever and however, finishes at once and changes nothing.
    JobOptions other = stored_in("/other");
    other.parallelism = 3;
    auto again = cluster.start(twice.job(other), {.restore_path = *path});
    require_finish(again);
    CHECK(has_logged(again, "drained"));
    CHECK(twice.check_counts() == read);
    const auto metadata = load(cluster, *path);
    CHECK(metadata.kind == checkpoint::CheckpointKind::drain);
    for (const auto& part : metadata.parts) CHECK(part.state.is_finished);
    return figures_of(run);
  });
}

TEST_CASE("a drain under kills: the job ends behind it, or goes on as if nobody had asked",
          "[sim][drain][swarm]") {
  test::for_each_seed(3, [](std::uint64_t seed) {
    CAPTURE(seed);
    int drained = 0;
    const Figures all = test::for_each_kill([&](const char* victim, Phase phase) {
      testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
      TwiceCounted twice;
      auto run = cluster.start(twice.job(stored_in("/chk")));
      REQUIRE(run.run_until_checkpoint(1));
      const std::uint64_t before = run.checkpoints();
      const std::uint64_t request = run.ask_savepoint("/sp", StopMode::drain);
      run.at(testing::checkpoint(before + 1), phase).kill(victim);
      require_finish(run);
      CHECK(run.restarts() >= 1);
      const auto answer = run.savepoint_answer(request);
      REQUIRE(answer);
      const bool is_cut = twice.check_counts() < kRows;
      drained += is_cut ? 1 : 0;
      if (answer->ok()) CHECK(is_cut);
      if (is_cut)  // somebody may die when it is complete, and before its answer has been heard
        (void)load(cluster, "/sp/savepoint-count-run1-" + std::to_string(before + 1));
      else
        CHECK_THAT(answer->status().message(),
                   Catch::Contains("savepoint failed") ||
                       Catch::Contains("no savepoint can be taken now"));
      return figures_of(run);
    });
    CHECK(drained > 0);
    CHECK(drained < static_cast<int>(all.plans));
    return all;
  });
}

TEST_CASE("a drain whose savepoint cannot be written leaves no trace in the results",
          "[sim][drain]") {
  for (const char* part : {"/sp", "savepoint-count-run1-", ".state", "_metadata"}) {
    CAPTURE(part);
    testing::Cluster cluster{{.seed = 5}};
    TwiceCounted twice;
    auto run = cluster.start(twice.job(stored_in("/chk", 10s)));
    run.run_for(60ms);
    cluster.fail_writes(part, ErrorCode::out_of_space);
    const auto savepoint = run.savepoint("/sp", StopMode::drain);
    REQUIRE_FALSE(savepoint.ok());
    CHECK_THAT(savepoint.status().message(), Catch::Contains("/sp"));
    require_finish(run);
    // The sources have not ended for it before its directory is there.
    const bool has_begun = std::string{part} == ".state" || std::string{part} == "_metadata";
    CHECK(run.restarts() == (has_begun ? 1 : 0));
    CHECK(run.failed_checkpoints() == 0);
    CHECK(twice.check_counts() == kRows);
    auto left = cluster.disk().list("/sp");
    CHECK((!left.ok() || left->empty()));
  }
}

TEST_CASE("a drain claims of nothing unread that it was read", "[sim][drain]") {
  testing::Cluster cluster{{.seed = 7}};
  constexpr int kSplits = 12;
  testing::TransactionLog<int> log;
  Job job{"count", stored_in("/chk")};
  job.source("numbers", make_source(
                            [] {
                              std::vector<Split> splits;
                              for (int i = 0; i < kSplits; ++i)
                                splits.push_back({std::to_string(i), std::uint64_t{1} << 30});
                              return splits;
                            },
                            [](const Split& split, std::optional<int> at) {
                              const int begin = std::stoi(split.id) * 100;
                              return std::make_unique<test::Numbers>(at.value_or(begin),
                                                                     begin + 100);
                            }))
      .sink("out", log.sink());
  auto run = cluster.start(job);
  run.run_for(330ms);
  const auto path = run.savepoint("/sp", StopMode::drain);
  REQUIRE(path.ok());
  require_finish(run);

  int unread = 0;
  std::set<std::string> splits;
  const auto count = [&](const state::SplitPosition& split) {
    CHECK(splits.insert(split.split.id).second);
    int next = std::stoi(split.split.id) * 100;
    const int end = next + 100;
    if (split.position) {
      ByteReader in{*split.position};
      next = detail::decode<int>(in);
    }
    unread += end - next;
  };
  const auto metadata = load(cluster, *path);
  for (const auto& part : metadata.parts) {
    for (const auto& source : part.state.sources) {
      for (const auto& split : source.splits) count(split);
    }
  }
  std::size_t remaining = 0;
  for (const auto& list : metadata.remaining) {
    for (std::size_t i = list.next; i < list.all->size(); ++i, ++remaining) count((*list.all)[i]);
  }
  CHECK(remaining > 0);
  std::vector<int> committed = log.committed();
  std::sort(committed.begin(), committed.end());
  CHECK(std::adjacent_find(committed.begin(), committed.end()) == committed.end());
  CHECK(static_cast<int>(committed.size()) + unread == kSplits * 100);
}

TEST_CASE("a job is drained once, and takes no other savepoint meanwhile", "[sim][drain]") {
  testing::Cluster cluster{{.seed = 8}};
  TwiceCounted twice;
  auto run = cluster.start(twice.job(stored_in("/chk")));
  run.run_for(60ms);
  const std::uint64_t first = run.ask_savepoint("/sp", StopMode::drain);
  const std::uint64_t second = run.ask_savepoint("/sp", StopMode::drain);
  const std::uint64_t other = run.ask_savepoint("/sp");
  require_finish(run);
  REQUIRE(run.savepoint_answer(first));
  CHECK(run.savepoint_answer(first)->ok());
  for (const std::uint64_t refused : {second, other}) {
    REQUIRE(run.savepoint_answer(refused));
    CHECK_THAT(run.savepoint_answer(refused)->status().message(), Catch::Contains("stopping"));
  }
  CHECK(twice.check_counts() < kRows);
}

TEST_CASE("a drain at the end of the input changes nothing", "[sim][drain][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) {
    CAPTURE(seed);
    testing::Cluster cluster{{.seed = seed}};
    TwiceCounted twice;
    auto run = cluster.start(twice.job(stored_in("/chk", seed % 2 == 0 ? 0ms : 50ms)));
    run.run_for(std::chrono::milliseconds{390} + seed * 2ms);  // the input ends at about 400 ms
    const std::uint64_t request = run.ask_savepoint("/sp", StopMode::drain);
    require_finish(run);
    CHECK(run.restarts() == 0);
    REQUIRE(run.savepoint_answer(request));
    const int read = twice.check_counts();
    if (!run.savepoint_answer(request)->ok()) CHECK(read == kRows);
    return figures_of(run);
  });
}

TEST_CASE("a job that fails behind the savepoint of its drain ends from there", "[sim][drain]") {
  testing::Cluster cluster{{.seed = 10}};
  TwiceCounted twice;
  auto run = cluster.start(twice.job(stored_in("/chk", 10s)));
  run.run_for(60ms);
  twice.counts.fail_commits(3);                 // the first commits are those of the drain
  (void)run.savepoint("/sp", StopMode::drain);  // the failure may be heard of first
  require_finish(run);
  CHECK(run.restarts() >= 1);
  CHECK(twice.check_counts() < kRows);
}

TEST_CASE("a process that dies behind the savepoint of a drain leaves only an end to be made",
          "[sim][drain]") {
  testing::Cluster cluster{{.seed = 9}};
  TwiceCounted twice;
  {
    auto run = cluster.start(twice.job(stored_in("/chk", 10s)));
    run.run_for(60ms);
    twice.totals.fail_commits(1'000'000);
    (void)run.savepoint("/sp", StopMode::drain);  // the failure may be heard of first
    run.crash();
  }
  CHECK(twice.totals.pending() > 0);
  twice.totals.fail_commits(0);
  for (const bool is_first : {true, false}) {  // then there is nothing left to do
    CAPTURE(is_first);
    auto next = cluster.start(twice.job(stored_in("/chk")), {.restore_latest = true});
    require_finish(next);
    CHECK(twice.check_counts() < kRows);
  }
}
