// Restore plans: what each subtask gets out of a checkpoint, and which checkpoints a job refuses.
#include "runtime/job/restore.hpp"

#include "test/runtime/count_checkpoint.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::runtime;
using test::count_job;
using test::mentions;
using test::metadata;
using test::transaction;

namespace {

Plan plan_of(const Job& job, std::uint32_t max = 0) {
  return Plan::build(job.graph(), max);
}

std::string refusal(const Plan& plan, const checkpoint::CheckpointMetadata& m, bool allow = false) {
  const auto result = make_restore_plan(plan, m, allow);
  REQUIRE_FALSE(result.ok());
  CHECK(result.status().code() == ErrorCode::failed_precondition);
  return result.status().message();
}

}  // namespace

TEST_CASE("a checkpoint is distributed by key groups, splits and transactions", "[restore]") {
  const Plan plan = plan_of(count_job({.parallelism = 2}));
  const auto restore = make_restore_plan(plan, metadata(), false).value();
  const auto& first = restore.subtasks.at({VertexId{1}, 0});
  REQUIRE(first.keyed.size() == 1);
  CHECK(first.keyed[0].groups[0].group == 1);
  CHECK(restore.splits.at("numbers").size() == 2 + 3);
  CHECK(restore.splits.at("numbers")[0].position);  // those that were being read come first
  CHECK(restore.transactions.at("out") ==
        std::vector<Bytes>{transaction("txn0"), transaction("txn1")});
  CHECK(restore.subtasks.at({VertexId{0}, 0}).is_finished);
  CHECK_FALSE(restore.subtasks.at({VertexId{0}, 1}).is_finished);
}

TEST_CASE("at another parallelism each key group goes to its new owner", "[restore]") {
  for (const int parallelism : {1, 3, 128}) {
    const Plan plan = plan_of(count_job({.parallelism = parallelism}), 128);
    const auto restore = make_restore_plan(plan, metadata(), false).value();
    for (const auto& [subtask, part] : restore.subtasks) {
      const auto range = detail::range_of_subtask(
          subtask.index, static_cast<std::uint32_t>(parallelism), plan.max_parallelism());
      for (const auto& handle : part.keyed)
        CHECK(std::any_of(handle.groups.begin(), handle.groups.end(),
                          [&](const auto& s) { return range.contains(s.group); }));
      CHECK_FALSE(part.is_finished);  // one of two had finished: restored like a rescaling
    }
  }
}

TEST_CASE("a vertex that had finished as a whole stays finished at any parallelism", "[restore]") {
  auto m = metadata();
  for (auto& part : m.parts) part.state.is_finished = true;
  const auto restore = make_restore_plan(plan_of(count_job({.parallelism = 5})), m, false).value();
  for (const auto& [subtask, part] : restore.subtasks) CHECK(part.is_finished);
}

TEST_CASE("event time goes on where it was, at another parallelism where it was for all",
          "[restore][event_time]") {
  const auto at = [](std::int64_t ms) { return Timestamp{std::chrono::milliseconds{ms}}; };
  const std::string counts = plan_of(count_job()).vertex(VertexId{1}).name;
  auto m = metadata();
  std::vector<state::SubtaskState*> parts;
  for (auto& part : m.parts) {
    if (part.vertex == counts) parts.push_back(&part.state);
  }
  REQUIRE(parts.size() == 2);
  const auto times = [&](int parallelism) {
    const Plan plan = plan_of(count_job({.parallelism = parallelism}), 128);
    const auto restore = make_restore_plan(plan, m, false).value();
    std::vector<Timestamp> all;
    for (const auto& [subtask, part] : restore.subtasks) {
      if (subtask.vertex == VertexId{1}) all.push_back(part.event_time);
    }
    return all;
  };
  CHECK(times(2) == std::vector{Timestamp::min(), Timestamp::min()});
  parts[0]->event_time = at(70);
  CHECK(times(2) == std::vector{at(70), Timestamp::min()});
  CHECK(times(1) == std::vector{Timestamp::min()});
  parts[1]->event_time = at(50);
  CHECK(times(2) == std::vector{at(70), at(50)});
  CHECK(times(3) == std::vector{at(50), at(50), at(50)});
  parts[1]->is_finished = true;  // it has nothing to say any more
  CHECK(times(3) == std::vector{at(70), at(70), at(70)});
}

TEST_CASE("state without a place is refused with all operators named, or dropped", "[restore]") {
  const Plan plan = plan_of(count_job({.parallelism = 2}, "renamed"));
  const std::string text = refusal(plan, metadata());
  CHECK(mentions(text, "no operator \"counts\" to take its keyed state"));
  CHECK(mentions(text, "--allow-non-restored-state"));
  const auto restore = make_restore_plan(plan, metadata(), true).value();
  CHECK(restore.subtasks.at({VertexId{1}, 0}).keyed.empty());
  CHECK(restore.splits.at("numbers").size() == 5);
}

TEST_CASE("another key, state type, position and transaction type are refused, all at once",
          "[restore]") {
  auto m = metadata();
  m.parts[1].state.keyed[0].key_schema = "str";
  m.parts[1].state.keyed[0].states[0].schema = "f64";
  m.parts[0].state.sources[0].position_schema = "str";
  m.parts[1].state.sinks[0].txn_schema = "u64";
  const std::string text = refusal(plan_of(count_job()), m, true);
  CHECK(mentions(text, "keys were written as str, the job has i32"));
  CHECK(mentions(text, "was written as f64, the job declares i64"));
  CHECK(mentions(text,
                 "is not the source that wrote the read positions: they were written as str, "
                 "its own are u64"));
  CHECK(mentions(text,
                 "is not the sink that prepared its transactions: they were written as u64, "
                 "its own are str"));
}

TEST_CASE("another max parallelism is refused", "[restore]") {
  CHECK(mentions(refusal(plan_of(count_job(), 64), metadata()), "pipeline.max-parallelism to 128"));
}
