// A part of a job restarts while the rest goes on: what it restores, and which splits it reads.
#include "runtime/job/restore.hpp"
#include "runtime/job/source_splits.hpp"

#include <weir/job.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::runtime;
using state::SplitPosition;

namespace {

using Splits = std::vector<SplitPosition>;

SplitPosition split(const std::string& name, std::optional<Bytes> position = std::nullopt) {
  return {{name, 0}, std::move(position)};
}

std::vector<std::string> names(const Splits& splits) {
  std::vector<std::string> all;
  all.reserve(splits.size());
  for (const SplitPosition& s : splits) all.push_back(s.split.id);
  return all;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a reader gives back what it was given behind its checkpoint", "[splits]") {
  SplitTracker tracker;
  tracker.on_handed_out(0, {split("a")});
  tracker.on_triggered(CheckpointId{1});
  tracker.on_handed_out(0, {split("b"), split("c")});
  tracker.on_handed_out(1, {split("d")});
  tracker.on_triggered(CheckpointId{2});
  tracker.on_handed_out(0, {split("e")});
  SECTION("from the beginning") {
    CHECK(names(tracker.take_back(0, std::nullopt)) == Names{"a", "b", "c", "e"});
    CHECK(tracker.take_back(0, std::nullopt).empty());
    CHECK(names(tracker.take_back(1, std::nullopt)) == Names{"d"});
  }
  SECTION("from the first") {
    tracker.on_completed(CheckpointId{1});
    CHECK(names(tracker.take_back(0, CheckpointId{1})) == Names{"b", "c", "e"});
  }
  SECTION("from the second") {
    tracker.on_completed(CheckpointId{2});
    CHECK(names(tracker.take_back(0, CheckpointId{2})) == Names{"e"});
    CHECK(tracker.take_back(1, CheckpointId{2}).empty());
  }
  SECTION("from the second, which completed without it") {
    CHECK(names(tracker.given_to(0)) == Names{"a", "b", "c", "e"});
    tracker.on_completed(CheckpointId{1});
    tracker.on_completed(CheckpointId{2}, {0});
    CHECK(names(tracker.given_to(0)) == Names{"b", "c", "e"});
    CHECK(tracker.given_to(1).empty());
    CHECK(names(tracker.take_back(0, CheckpointId{2})) == Names{"b", "c", "e"});
  }
  SECTION("from the third, before which it was left out once") {
    tracker.on_completed(CheckpointId{1});
    tracker.on_completed(CheckpointId{2}, {0});
    tracker.on_triggered(CheckpointId{3});
    tracker.on_handed_out(0, {split("f")});
    tracker.on_completed(CheckpointId{3});
    CHECK(names(tracker.take_back(0, CheckpointId{3})) == Names{"f"});
  }
}

TEST_CASE("what a reader was given that a checkpoint has nothing of remains to be read",
          "[splits]") {
  testing::ReplayLog<int> numbers{{1}};
  testing::TransactionLog<int> out;
  for (const bool is_regional : {true, false}) {
    Job job{"copy", {.parallelism = 2, .checkpoint = {.regional = {.enabled = is_regional}}}};
    job.source("numbers", numbers.source()).sink("out", out.sink());
    const Plan plan = Plan::build(job.graph(), 0);
    RestorePlan restore;
    restore.splits["numbers"] = {split("a"), split("b"), split("c"),
                                 split("d"), split("e"), split("f")};
    SourceSplits splits{plan, restore};
    const SubtaskId first{VertexId{0}, 0};
    const SubtaskId second{VertexId{0}, 1};
    const auto request = [&](SubtaskId reader) { return names(splits.request(reader).splits); };
    const auto left = [](const checkpoint::RemainingSplits& remaining) {
      return names({remaining.all->begin() + static_cast<std::ptrdiff_t>(remaining.next),
                    remaining.all->end()});
    };
    CHECK(request(first) == Names{"a", "b", "c"});
    (void)splits.on_triggered(CheckpointId{1});
    splits.on_completed(CheckpointId{1});
    CHECK(request(first) == Names{"d"});
    CHECK(request(second) == Names{"e"});
    SplitsAtTrigger at = splits.on_triggered(CheckpointId{2});
    CHECK(at.given.size() == (is_regional ? 2 : 0));
    CHECK(request(first) == Names{"f"});  // behind the trigger: the checkpoint has it anyway
    CHECK(left(remaining_without(plan, at, {}).at(0)) == Names{"f"});
    if (!is_regional) continue;
    CHECK(left(remaining_without(plan, at, {first}).at(0)) == Names{"d", "f"});
    CHECK(left(remaining_without(plan, at, {first, second}).at(0)) == Names{"e", "d", "f"});
    splits.on_completed(CheckpointId{2}, {first});
    splits.take_back({first}, CheckpointId{2});
    CHECK(request(second) == Names{"d"});
  }
}

TEST_CASE("splits that are put back are read next, by anybody", "[splits]") {
  SplitAssigner assigner{"s", {}, {0, 1}, {split("a"), split("b"), split("c")}};
  CHECK(names(assigner.request(0).splits) == Names{"a"});
  const auto before = assigner.remaining();
  assigner.put_back(0, {split("a", Bytes{"7"})});
  CHECK(before.next == 1);  // a checkpoint under way keeps what it has
  CHECK(names(*before.all) == Names{"a", "b", "c"});
  const auto remaining = assigner.remaining();
  CHECK(remaining.next == 0);
  CHECK(names(*remaining.all) == Names{"a", "b", "c"});
  const auto answer = assigner.request(1);
  CHECK(answer.splits == Splits{split("a", Bytes{"7"})});
  CHECK_FALSE(answer.no_more);
}

TEST_CASE("splits that are put back by a reader with a share stay its own", "[splits]") {
  SplitAssigner assigner{
      "s", {.assignment = Assignment::spread}, {0, 2}, {split("a"), split("b"), split("c")}};
  CHECK(names(assigner.request(0).splits) == Names{"a", "c"});
  CHECK(names(assigner.request(2).splits) == Names{"b"});
  assigner.put_back(2, {split("b", Bytes{"7"})});
  CHECK(names(*assigner.remaining().all) == Names{"b"});
  CHECK(assigner.request(0).splits.empty());
  CHECK(assigner.request(2).splits == Splits{split("b", Bytes{"7"})});
  CHECK(assigner.remaining().all->empty());
  CHECK(assigner.request(2).splits.empty());
}

TEST_CASE("splits behind the checkpoint of a part that restarts are handed out again", "[splits]") {
  testing::ReplayLog<int> numbers{{1}};
  testing::TransactionLog<int> out;
  for (const auto failover : {FailoverStrategy::region, FailoverStrategy::full}) {
    Job job{"copy", {.parallelism = 2, .failover = failover}};
    job.source("numbers", numbers.source()).sink("out", out.sink());
    const Plan plan = Plan::build(job.graph(), 0);
    RestorePlan restore;
    restore.splits["numbers"] = {split("a"), split("b"), split("c"), split("d")};
    SourceSplits splits{plan, restore};
    const SubtaskId first{VertexId{0}, 0};
    const SubtaskId second{VertexId{0}, 1};
    const auto request = [&](SubtaskId reader) { return names(splits.request(reader).splits); };
    CHECK(request(first) == Names{"a", "b"});
    const auto remaining = splits.on_triggered(CheckpointId{1}).remaining;
    REQUIRE(remaining.size() == 1);
    CHECK(remaining[0].next == 2);
    splits.on_completed(CheckpointId{1});
    CHECK(request(first) == Names{"c"});
    splits.take_back({first}, CheckpointId{1});
    CHECK(request(second) == (failover == FailoverStrategy::region ? Names{"c"} : Names{"d"}));
  }
}

TEST_CASE("a part of a job restores its own state, positions and transactions", "[restore]") {
  testing::ReplayLog<int> numbers{{1}};
  testing::TransactionLog<int> out;
  Job job{"copy", {.parallelism = 3}};
  job.source("numbers", numbers.source()).sink("out", out.sink());
  job.source("others", numbers.source()).sink("there", out.sink());
  const Plan plan = Plan::build(job.graph(), 0);
  checkpoint::CheckpointMetadata metadata{.job = "copy", .id = CheckpointId{4}};
  metadata.max_parallelism = plan.max_parallelism();
  const std::string position = plan.op(0).source->position_schema();
  const std::string transaction = plan.op(1).sink->txn_schema();
  for (std::uint32_t i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    checkpoint::SubtaskPart part{"numbers", i, {}};
    part.state.is_finished = i == 2;
    part.state.sources.push_back({"numbers", position, {split("s" + n, Bytes(8, '\0'))}});
    part.state.sinks.push_back(
        {"out",
         transaction,
         {{CheckpointId{3}, Bytes{"x"} + n}, {CheckpointId{4}, Bytes{"y"} + n}}});
    metadata.parts.push_back(part);
    checkpoint::SubtaskPart other{"others", i, {}};
    other.state.sources.push_back({"others", position, {split("o" + n)}});
    other.state.sinks.push_back({"there", transaction, {{CheckpointId{4}, Bytes{"z"}}}});
    metadata.parts.push_back(other);
  }
  const SubtaskId second{VertexId{0}, 1};
  const SubtaskId third{VertexId{0}, 2};
  const auto part = make_part_restore(plan, metadata, {second, third}, false).value();
  CHECK(part.subtasks.size() == 2);
  CHECK_FALSE(part.subtasks.at(second).is_finished);
  CHECK(part.subtasks.at(third).is_finished);
  REQUIRE(part.positions.size() == 2);
  CHECK(names(part.positions.at(second)) == Names{"s1"});
  REQUIRE(part.transactions.size() == 2);
  CHECK(part.transactions.at({"out", 1}) == std::vector<Bytes>{"x1", "y1"});
  metadata.parts[0].state.sources[0].position_schema = "str";
  CHECK(make_part_restore(plan, metadata, {second}, false).status().code() ==
        ErrorCode::failed_precondition);
}
