// What a job remembers of its checkpoints.
#include "runtime/job/checkpoint_history.hpp"

#include "runtime/job/measured_checkpoints.hpp"

#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <numeric>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;
using checkpoint::CheckpointKind;

namespace {

CheckpointEntry entry(std::uint64_t id, Duration duration, std::string failure = "",
                      CheckpointKind kind = CheckpointKind::periodic) {
  return {.id = CheckpointId{id},
          .kind = kind,
          .failure = std::move(failure),
          .duration = duration,
          .subtasks = 2,
          .answers = {{"a/0", {.alignment = duration / 2, .sync = 1ms, .bytes = 10}, 100},
                      {"b/0", {.alignment = duration / 4, .sync = 2ms, .bytes = 20}, 200}}};
}

}  // namespace

TEST_CASE("a spread has the values of the nearest rank", "[history]") {
  CHECK(spread_of({}) == Spread{});
  CHECK(spread_of({7}) == Spread{7, 7, 7, 7, 7, 7, 7});
  std::vector<std::uint64_t> values(2000);
  std::iota(values.rbegin(), values.rend(), 1);
  const Spread spread = spread_of(values);
  CHECK(spread.least == 1);
  CHECK(spread.average == 1000);
  CHECK(spread.most == 2000);
  CHECK(spread.p50 == 1000);
  CHECK(spread.p90 == 1800);
  CHECK(spread.p99 == 1980);
  CHECK(spread.p999 == 1998);
  CHECK(spread_of({1, 2, 3}).p50 == 2);
}

TEST_CASE("what is under way is shown until it has ended, and counts for nothing", "[history]") {
  CheckpointHistory history;
  history.add(entry(1, 5ms));
  const auto under_way = [](std::uint64_t id, std::string waits_on) {
    CheckpointEntry some = entry(id, 2s);
    some.is_under_way = true;
    some.triggered_at = WallTime{100s};
    some.waits_on = std::move(waits_on);
    return some;
  };
  CHECK_FALSE(under_way(2, "").has_completed());
  history.add(under_way(2, ""));
  history.add(under_way(3, ""));
  history.add(under_way(2, "b/0"));  // is slow by now
  const CheckpointStatistics all = history.statistics(WallTime{107s});
  REQUIRE(all.under_way.size() == 2);
  CHECK(all.under_way[0].id == CheckpointId{3});
  CHECK(all.under_way[1].waits_on == "b/0");
  CHECK(all.under_way[1].duration == 7s);
  CHECK(history.statistics().under_way[1].duration == 2s);
  CHECK(all.completed == 1);
  CHECK(all.failed == 0);
  CHECK(all.entries.size() == 1);

  history.add(entry(2, 9s));
  CHECK(history.statistics().under_way.size() == 1);
  CHECK(history.statistics().completed == 2);
  history.forget_under_way();
  CHECK(history.statistics().under_way.empty());
  CHECK(history.statistics().completed == 2);
}

TEST_CASE("the last checkpoints are remembered, the newest first, and all are counted",
          "[history]") {
  CheckpointHistory history;
  CHECK(history.statistics().entries.empty());
  CHECK(history.statistics().usual.empty());
  for (std::uint64_t id = 1; id <= 30; ++id)
    history.add(entry(id, std::chrono::milliseconds{id}, id % 3 == 0 ? "the disk is full" : ""));
  history.add(entry(31, 500ms, "", CheckpointKind::savepoint));
  const CheckpointStatistics all = history.statistics();
  CHECK(all.completed == 20);
  CHECK(all.failed == 10);
  CHECK(all.savepoints == 1);
  REQUIRE(all.entries.size() == 10);
  CHECK(all.entries.front().id == CheckpointId{31});
  CHECK(all.entries.back().id == CheckpointId{22});
  CHECK(all.entries[1].failure == "the disk is full");
}

TEST_CASE("what is usual is that of complete checkpoints, by their slowest subtask", "[history]") {
  CheckpointHistory history;
  history.add(entry(1, 100ms));
  history.add(entry(2, 9s, "it took too long"));
  history.add(entry(2, 9s, "", CheckpointKind::savepoint));
  history.add(entry(3, 300ms));
  const auto usual = history.statistics().usual;
  CHECK(usual.at("duration").least == 100'000'000);
  CHECK(usual.at("duration").most == 300'000'000);
  CHECK(usual.at("alignment").average == 100'000'000);
  CHECK(usual.at("sync").most == 2'000'000);
  CHECK(usual.at("written").p50 == 30);
  CHECK(usual.at("state").p50 == 300);
}

TEST_CASE("no more than the last thousand say what is usual", "[history]") {
  CheckpointHistory history;
  history.add(entry(1, 1h));
  for (std::uint64_t id = 2; id <= 1001; ++id) history.add(entry(id, 1ms));
  CHECK(history.statistics().usual.at("duration").most == 1'000'000);
  CHECK(history.statistics().completed == 1001);
}

TEST_CASE("subtasks of a checkpoint have their names", "[history]") {
  Job job{"job"};
  job.source("numbers", testing::ReplayLog<int>{{}}.source())
      .sink("out", testing::TransactionLog<int>{}.sink());
  const Plan plan = Plan::build(job.graph(), 128);
  const CheckpointEntry named = entry_of({.id = CheckpointId{4},
                                          .kind = CheckpointKind::stop,
                                          .duration = 3s,
                                          .subtasks = 2,
                                          .answers = {{{VertexId{0}, 0}, {.sync = 1ms}, 7}}},
                                         "why", plan);
  CHECK(named.id == CheckpointId{4});
  CHECK(named.kind == CheckpointKind::stop);
  CHECK_FALSE(named.has_completed());
  CHECK(named.duration == 3s);
  CHECK(named.subtasks == 2);
  REQUIRE(named.answers.size() == 1);
  CHECK(named.answers[0].subtask == "numbers/0");
  CHECK(named.answers[0].timings.sync == 1ms);
  CHECK(named.answers[0].state_bytes == 7);
}

TEST_CASE("what is usual is what the advisor goes by", "[history]") {
  CheckpointHistory history;
  const CheckpointOptions options{.every = 10s};
  CHECK_FALSE(measured_of(history.statistics(), options).duration);
  history.add(entry(1, 100ms));
  history.add(entry(2, 300ms));
  const auto measured = measured_of(history.statistics(), options);
  CHECK(measured.duration == 200ms);
  CHECK(measured.alignment == 100ms);
  CHECK(measured.sync == 2ms);
  CHECK(measured.state_bytes == 300);
  CHECK(measured.is_incremental);
  CHECK(measured.changed_bytes_per_second == 3.0);  // 30 bytes in 10 s
  CHECK_FALSE(measured.load);
  CHECK_FALSE(measured_of(history.statistics(), {.incremental = false}).changed_bytes_per_second);
  CHECK_FALSE(measured_of(history.statistics(), {}).changed_bytes_per_second);  // no interval

  CheckpointEntry whole = entry(3, 100ms);
  for (SubtaskSnapshot& answer : whole.answers) answer.timings.bytes = answer.state_bytes;
  CheckpointHistory full;
  full.add(whole);
  CHECK_FALSE(measured_of(full.statistics(), options).is_incremental);
}
