// Jobs of actors on real threads.
#include "actors/local_cluster.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <condition_variable>
#include <map>
#include <mutex>
#include <numeric>
#include <utility>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::actors;

namespace {

using Count = std::pair<int, std::int64_t>;

runtime::JobOutcome run(const Job& job, LocalClusterOptions options = {},
                        HostOptions host = {.run = "r"}) {
  auto hosted = host_job(job, host, Env::posix(), base::silent_logger());
  REQUIRE(hosted.ok());
  auto cluster = LocalCluster::start(std::move(hosted).value(), std::move(options), Env::posix(),
                                     base::silent_logger());
  REQUIRE(cluster.ok());
  return (*cluster)->wait();
}

std::vector<int> numbers(int n) {
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Keeps log lines, for whoever waits for one.
class AwaitedLog final : public base::Logger {
public:
  void write(base::LogLevel, std::string_view message, Fields fields) override {
    const std::lock_guard lock{mutex_};
    text_ += base::format_log_line(message, fields) + "\n";
    changed_.notify_all();
  }
  /// Returns whether there has been such a line before anybody's patience is at its end.
  bool wait_for(const std::string& part) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 1min, [&] { return text_.find(part) != std::string::npos; });
  }
  std::string text() const {
    const std::lock_guard lock{mutex_};
    return text_;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
};

}  // namespace

TEST_CASE("a job counts everything once and ends", "[cluster]") {
  for (const int parallelism : {1, 2, 3}) {
    for (const bool force_bytes : {false, true}) {
      CAPTURE(parallelism, force_bytes);
      testing::ReplayLog<int> input{numbers(20'000), 3};
      testing::TransactionLog<Count> output;
      Job job{"count", {.parallelism = parallelism}};
      job.source("numbers", input.source())
          .map("mod", [](int n) { return n % 100; })
          .key_by(std::identity{})
          .count("counts", EmitResults::at_end)
          .sink("out", output.sink());
      const auto outcome = run(job, {}, {.run = "r", .force_bytes = force_bytes});
      INFO(outcome.reason);
      CHECK(outcome.kind == runtime::JobOutcome::Kind::finished);
      const auto rows = output.committed();
      CHECK(rows.size() == 100);
      for (const auto& [key, count] : rows) CHECK(count == 200);
    }
  }
}

TEST_CASE("a killed subtask is replaced and nothing is lost or doubled", "[cluster]") {
  for (const char* rule :
       {"kill counts/1 at checkpoint 2 aligning", "kill numbers/0 at checkpoint 2 triggered",
        "kill counts/0 at checkpoint 2 acknowledged", "kill coordinator at checkpoint 2 completed",
        "kill coordinator at checkpoint 2 committing", "kill node at checkpoint 2 snapshotted",
        "kill counts/0 at checkpoint 1 committing", "kill counts/0 after 3000 records"}) {
    CAPTURE(rule);
    testing::ReplayLog<int> input{numbers(20'000), 2, {.rows_per_poll = 50, .pause = 1ms}};
    testing::TransactionLog<Count> output;
    Job job{"count",
            {.parallelism = 2,
             .checkpoint = {.every = 20ms},
             .restart = restart::fixed_delay({.attempts = 5, .delay = 1ms})}};
    job.source("numbers", input.source())
        .key_by([](int n) { return n % 10; })
        .count("counts")
        .sink("out", output.sink());
    const auto outcome = run(job, {.chaos = {ChaosRule::parse(rule).value()}});
    INFO(outcome.reason);
    REQUIRE(outcome.kind == runtime::JobOutcome::Kind::finished);
    std::map<int, std::vector<std::int64_t>> by_key;
    for (const auto& [key, count] : output.committed()) by_key[key].push_back(count);
    REQUIRE(by_key.size() == 10);
    for (auto& [key, counts] : by_key) {
      std::sort(counts.begin(), counts.end());
      REQUIRE(counts.size() == 2000);
      for (std::int64_t i = 0; i < 2000; ++i) REQUIRE(counts[static_cast<std::size_t>(i)] == i + 1);
    }
    CHECK(output.pending() == 0);
  }
}

TEST_CASE("a cluster that goes away in the middle of a job takes everything along", "[cluster]") {
  for (std::uint64_t round = 0; round < 40; ++round) {
    CAPTURE(round);
    testing::ReplayLog<int> input{numbers(20'000), 8, {.rows_per_poll = 10, .pause = 100us}};
    testing::TransactionLog<Count> output;
    Job job{"count", {.parallelism = 4, .checkpoint = {.every = 1ms}}};
    job.source("numbers", input.source())
        .key_by([](int n) { return n % 10; })
        .count("counts")
        .sink("out", output.sink());
    auto hosted = host_job(job, {.run = "r"}, Env::posix(), base::silent_logger());
    REQUIRE(hosted.ok());
    const auto cluster =
        LocalCluster::start(std::move(hosted).value(), {}, Env::posix(), base::silent_logger());
    REQUIRE(cluster.ok());
    // At any moment: from before its actors exist to the middle of a checkpoint.
    std::uint64_t seen = 0;
    for (std::uint64_t changes = 0; changes < round && !(*cluster)->view().outcome; ++changes)
      seen = (*cluster)->wait_for_change(seen, 1h);
  }
}

TEST_CASE("a cluster may go at any moment of a restart", "[cluster]") {
  for (int i = 0; i < 300; ++i) {
    CAPTURE(i);
    testing::ReplayLog<int> input{numbers(10)};
    testing::TransactionLog<int> output;
    Job job{"failing",
            {.restart = restart::fixed_delay({.attempts = 1'000'000, .delay = Duration{}})}};
    job.source("numbers", input.source())
        .map("fail", [](int n) -> int { throw std::runtime_error{std::to_string(n)}; })
        .sink("out", output.sink());
    auto hosted = host_job(job, {.run = "r"}, Env::posix(), base::silent_logger());
    REQUIRE(hosted.ok());
    auto cluster =
        LocalCluster::start(std::move(hosted).value(), {}, Env::posix(), base::silent_logger());
    REQUIRE(cluster.ok());
    std::uint64_t seen = 0;
    while ((*cluster)->view().restarts < i % 3) seen = (*cluster)->wait_for_change(seen, 1s);
  }
}

TEST_CASE("a subtask that hangs in its user's code is named by the checkpoint that waits on it",
          "[cluster]") {
  AwaitedLog log;
  testing::ReplayLog<int> input{numbers(100), 1, {.rows_per_poll = 1, .pause = 1ms}};
  testing::TransactionLog<int> output;
  Job job{"hangs", {.parallelism = 2, .checkpoint = {.every = 10ms}}};
  job.source("numbers", input.source())
      .rebalance()
      .map("sticky",
           [&log](int n) {
             // Until it has been found out.
             if (n == 50) log.wait_for("does not answer");
             return n;
           })
      .sink("out", output.sink());
  auto hosted = host_job(job, {.run = "r"}, Env::posix(), base::silent_logger());
  REQUIRE(hosted.ok());
  auto cluster = LocalCluster::start(std::move(hosted).value(), {}, Env::posix(), log);
  REQUIRE(cluster.ok());
  CHECK((*cluster)->wait().kind == runtime::JobOutcome::Kind::finished);
  INFO(log.text());
  const auto slow = log.text().find("a checkpoint is slow");
  REQUIRE(slow != std::string::npos);
  CHECK(log.text().find("sticky/", slow) < log.text().find("does not answer", slow));
  CHECK(output.committed().size() == 100);
}
