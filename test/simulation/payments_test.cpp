// The payments example under kills, with its ledgers in memory and in RocksDB, and its upgrade from
// one version to the next.
#include "test/support/kill_matrix.hpp"
#include "test/support/word_count_output.hpp"

#include "examples/payments/v1.hpp"
#include "examples/payments/v2.hpp"

using namespace std::chrono_literals;
using namespace weir;
using test::require_finish;

namespace {

constexpr std::int64_t kPayments = 3000;

/// How many payments each account makes.
test::WordCounts payments_of_accounts() {
  test::WordCounts counts;
  for (std::int64_t n = 0; n < kPayments; ++n) ++counts[payments::payment(n).account];
  return counts;
}

Job with_options(Job job, StateBackendType backend, int parallelism) {
  job.options() = {
      .parallelism = parallelism,
      .checkpoint = {.every = 1ms, .storage = "/checkpoints"},
      .state = {.backend = backend, .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 0}},
      .restart = restart::fixed_delay({.attempts = 10, .delay = 1ms})};
  return job;
}

const payments::Settings kSettings{.count = kPayments, .rate = 10'000, .output = "/out"};

}  // namespace

TEST_CASE("payments: each is booked once, whoever dies at whatever phase", "[sim][rocksdb]") {
  const auto backend = GENERATE(StateBackendType::hashmap, StateBackendType::rocksdb);
  const auto expected = payments_of_accounts();
  test::for_each_kill(
      [&](const char* victim, Phase phase) {
        testing::Cluster cluster{{.seed = 7}};
        auto run =
            cluster.start(with_options(payments::job<payments::v1::Book>(kSettings), backend, 2));
        run.at(testing::checkpoint(2), phase).kill(victim);
        require_finish(run);
        CHECK(run.restarts() >= 1);
        test::check_updates(cluster.disk(), expected);
        return test::figures_of(run);
      },
      {"numbers/0", "book/1", "lines/0", "coordinator", "node"});
}

TEST_CASE("payments: version 2 goes on behind a savepoint of version 1, elsewhere and otherwise",
          "[sim][rocksdb]") {
  const auto before = GENERATE(StateBackendType::hashmap, StateBackendType::rocksdb);
  const auto after = GENERATE(StateBackendType::hashmap, StateBackendType::rocksdb);
  testing::Cluster cluster{{.seed = 11}};
  auto first = cluster.start(with_options(payments::job<payments::v1::Book>(kSettings), before, 2));
  REQUIRE(first.run_until_checkpoint(3));
  const auto savepoint = first.savepoint("/savepoints", StopMode::suspend);
  INFO(savepoint.status().message());
  REQUIRE(savepoint.ok());
  CHECK_FALSE(first.finish());  // it has stopped
  REQUIRE(first.has_ended());
  Job next = with_options(payments::job<payments::v2::Book>(kSettings), after, 3);
  next.options().checkpoint.storage = "/checkpoints-2";
  auto second = cluster.start(std::move(next), {.restore_path = *savepoint});
  second.at(testing::checkpoint(5), Phase::snapshotted).kill("book/2");
  require_finish(second);
  test::check_updates(cluster.disk(), payments_of_accounts());
}
