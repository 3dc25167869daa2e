// What edits of a savepoint come to, before any file is touched.
#include "checkpoint/savepoints/edit_plan.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace weir;
using namespace weir::savepoints;
using Catch::Contains;
using checkpoint::SubtaskPart;
using state::KeyedStateHandle;

namespace {

KeyedStateHandle handle_of(const std::string& op, const std::string& path) {
  return {.operator_name = op,
          .key_schema = "str",
          .max_parallelism = 4,
          .states = {{"count", weir::detail::StateKind::value, "i64"},
                     {"seen", weir::detail::StateKind::list, "[str]"}},
          .path = path,
          .inlined = {},
          .groups = {{0, 0, 10}},
          .rows = 1};
}

/// lines -> counts -> out; all that a checkpoint can hold, at its end.
EditSource word_count() {
  EditSource source;
  source.opened.directory = "/old";
  source.files = {"_metadata", "counts-0.state", "counts-1.state", "later.blob"};
  auto& metadata = source.opened.metadata;
  metadata.job = "word-count";
  metadata.run = "run";
  metadata.id = CheckpointId{7};
  metadata.max_parallelism = 4;
  SubtaskPart lines{.vertex = "lines", .index = 0, .state = {}};
  lines.state.sources.push_back({"lines", "u64", {{{"a", 1}, Bytes{"position"}}}});
  lines.state.is_finished = true;
  metadata.parts.push_back(lines);
  for (std::uint32_t i = 0; i < 2; ++i) {
    SubtaskPart part{.vertex = "counts", .index = i, .state = {}};
    part.state.keyed.push_back(
        handle_of("counts", "counts-" + std::string{i == 0 ? "0" : "1"} + ".state"));
    part.state.sinks.push_back({"out", "str", {{CheckpointId{7}, "txn"}}});
    part.state.is_finished = true;
    metadata.parts.push_back(part);
  }
  const std::vector<state::SplitPosition> rest{{{"b", 1}, std::nullopt}};
  metadata.remaining.push_back(
      {"lines", std::make_shared<const std::vector<state::SplitPosition>>(rest), 0});
  return source;
}

/// Another one, with state of an operator.
EditSource written(const std::string& op) {
  EditSource source;
  source.opened.directory = "/other";
  source.opened.metadata.max_parallelism = 4;
  SubtaskPart part{.vertex = op, .index = 0, .state = {}};
  part.state.keyed.push_back(handle_of(op, "counts-0.state"));
  source.opened.metadata.parts.push_back(part);
  source.files = {"_metadata", "counts-0.state"};
  return source;
}

EditPlan planned(const EditSource& from, const Edits& edits,
                 const std::vector<EditSource>& taken = {}) {
  auto plan = plan_edit(from, edits, taken);
  INFO(plan.status().message());
  REQUIRE(plan.ok());
  return *plan;
}

Status refused(const Edits& edits, const std::vector<EditSource>& taken = {}) {
  return plan_edit(word_count(), edits, taken).status();
}

std::vector<std::string> names_of(const EditPlan& plan) {
  std::vector<std::string> names;
  for (const CarriedFile& file : plan.files) names.push_back(file.name);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("without edits all is carried over, also files that nobody knows", "[savepoints]") {
  const EditSource from = word_count();
  const EditPlan plan = planned(from, {});
  CHECK(plan.metadata.parts == from.opened.metadata.parts);
  CHECK(plan.metadata.remaining.size() == 1);
  CHECK(plan.metadata.job == "word-count");
  CHECK(plan.metadata.id == CheckpointId{7});
  CHECK(plan.metadata.kind == checkpoint::CheckpointKind::savepoint);
  CHECK(names_of(plan) == Names{"counts-0.state", "counts-1.state", "later.blob"});
  CHECK(plan.files[0].from == "/old/counts-0.state");
  CHECK(plan.rewrites.empty());
}

TEST_CASE("a dropped operator leaves nothing, and what may come behind it runs again",
          "[savepoints]") {
  const EditPlan source = planned(word_count(), {.drop = {{"lines"}}});
  CHECK(source.metadata.parts[0].state.sources.empty());
  CHECK_FALSE(source.metadata.parts[0].state.is_finished);
  CHECK_FALSE(source.metadata.parts[1].state.is_finished);
  CHECK(source.metadata.remaining.empty());
  CHECK(source.done == Names{"dropped operator \"lines\": read positions of 2 splits"});

  const EditPlan keyed = planned(word_count(), {.drop = {{"counts"}, {"out"}}});
  for (std::size_t i = 1; i <= 2; ++i) {
    CHECK(keyed.metadata.parts[i].state.keyed.empty());
    CHECK(keyed.metadata.parts[i].state.sinks.empty());
    CHECK_FALSE(keyed.metadata.parts[i].state.is_finished);
  }
  CHECK(keyed.metadata.parts[0].state.is_finished);
  const EditPlan moved =
      planned(word_count(), {.drop = {{"lines"}}, .rename = {{{"counts"}, "lines"}}});
  CHECK(moved.metadata.parts[0].vertex.empty());
  CHECK(moved.metadata.parts[1].vertex == "lines");
  CHECK(names_of(keyed) == Names{"later.blob"});
  CHECK_THAT(keyed.done[1], Contains("2 transactions, which are never committed"));
}

TEST_CASE("no event time is carried over: it was that of other subtasks", "[savepoints]") {
  EditSource from = word_count();
  for (SubtaskPart& part : from.opened.metadata.parts)
    part.state.event_time = Timestamp{std::chrono::milliseconds{5}};
  for (const SubtaskPart& part : planned(from, {}).metadata.parts)
    CHECK(part.state.event_time == Timestamp::min());
}

TEST_CASE("a renamed operator has its new name everywhere", "[savepoints]") {
  const EditPlan plan = planned(
      word_count(), {.rename = {{{"lines"}, "in"}, {{"counts"}, "sums"}, {{"out"}, "files"}}});
  const auto& parts = plan.metadata.parts;
  CHECK(parts[0].vertex == "in");
  CHECK(parts[0].state.sources[0].operator_name == "in");
  CHECK(plan.metadata.remaining[0].operator_name == "in");
  CHECK(parts[2].vertex == "sums");
  CHECK(parts[2].state.keyed[0].operator_name == "sums");
  CHECK(parts[2].state.sinks[0].operator_name == "files");
  CHECK(parts[2].state.is_finished);
  CHECK(names_of(plan).size() == 3);
  CHECK(plan.done[0] == "renamed operator \"lines\" to \"in\"");
}

TEST_CASE("names can be exchanged", "[savepoints]") {
  EditSource from = word_count();
  from.opened.metadata.parts[1].state.keyed.push_back(handle_of("b", "b-0.state"));
  const EditPlan operators = planned(from, {.rename = {{{"counts"}, "b"}, {{"b"}, "counts"}}});
  CHECK(operators.metadata.parts[1].state.keyed[0].operator_name == "b");
  CHECK(operators.metadata.parts[1].state.keyed[1].operator_name == "counts");

  const EditPlan states = planned(
      word_count(), {.rename = {{{"counts", "count"}, "seen"}, {{"counts", "seen"}, "count"}}});
  const KeyedStateHandle& handle = states.metadata.parts[1].state.keyed[0];
  CHECK(handle.states[0].name == "seen");
  CHECK(handle.states[0].schema == "i64");
  CHECK(handle.states[1].name == "count");
  CHECK(handle.path == "counts-0.state");  // rows know numbers of states, not names
}

TEST_CASE("where a state is dropped the others are written anew", "[savepoints]") {
  const EditPlan plan = planned(
      word_count(), {.drop = {{"counts", "count"}}, .rename = {{{"counts", "seen"}, "count"}}});
  REQUIRE(plan.rewrites.size() == 2);
  const Rewrite& rewrite = plan.rewrites[1];
  CHECK(rewrite.part == 2);
  CHECK(rewrite.handle == 0);
  CHECK(rewrite.original == handle_of("counts", "counts-1.state"));
  CHECK(rewrite.dropped == std::set<std::string>{"count"});
  CHECK(rewrite.name != plan.rewrites[0].name);
  const KeyedStateHandle& handle = plan.metadata.parts[2].state.keyed[0];
  REQUIRE(handle.states.size() == 1);
  CHECK(handle.states[0].name == "count");
  CHECK(handle.states[0].schema == "[str]");
  CHECK(handle.paths().empty());
  CHECK(names_of(plan) == Names{"later.blob"});
}

TEST_CASE("an operator without any state left is gone", "[savepoints]") {
  const EditPlan plan = planned(word_count(), {.drop = {{"counts", "count"}, {"counts", "seen"}}});
  CHECK(plan.metadata.parts[1].state.keyed.empty());
  CHECK(plan.metadata.parts[1].state.sinks.size() == 1);
  CHECK(plan.rewrites.empty());
  CHECK(names_of(plan) == Names{"later.blob"});
}

TEST_CASE("a file in which several operators lie stays while one needs it", "[savepoints]") {
  EditSource from = word_count();
  from.opened.metadata.parts[1].state.keyed.push_back(handle_of("b", "counts-0.state"));
  CHECK(names_of(planned(from, {.drop = {{"counts"}}})) == Names{"counts-0.state", "later.blob"});
  CHECK(names_of(planned(from, {.drop = {{"counts", "seen"}}})) ==
        Names{"counts-0.state", "later.blob"});
  CHECK(names_of(planned(from, {.drop = {{"counts"}, {"b"}}})) == Names{"later.blob"});
}

TEST_CASE("names of new files meet none that is there", "[savepoints]") {
  EditSource from = word_count();
  from.files.insert(from.files.end(), {"edited-0-state", "taken-0-x", "taken-1-x"});
  const EditPlan plan =
      planned(from, {.drop = {{"counts", "seen"}}, .take = {{"new", "/other"}}}, {written("new")});
  Names all = names_of(plan);
  for (const Rewrite& rewrite : plan.rewrites) all.push_back(rewrite.name);
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  CHECK(std::count(all.begin(), all.end(), "edited-0-state") == 1);
}

TEST_CASE("state without keys gets other names, or goes, and nothing is written anew",
          "[savepoints]") {
  EditSource from = word_count();
  const auto elements = [](const std::string& name, const std::string& path) {
    return state::OperatorStateHandle{.operator_name = "batches",
                                      .name = name,
                                      .schema = "i32",
                                      .path = path,
                                      .blocks = {{9, 2}}};
  };
  SubtaskPart batches{.vertex = "batches", .index = 0, .state = {}};
  batches.state.operators = {elements("waiting", "batches-0.state.operators"),
                             elements("seen", "batches-0.seen")};
  from.opened.metadata.parts.push_back(batches);
  from.files.insert(from.files.end(), {"batches-0.state.operators", "batches-0.seen"});

  const EditPlan plan =
      planned(from, {.drop = {{"batches", "seen"}},
                     .rename = {{{"batches"}, "groups"}, {{"batches", "waiting"}, "held"}}});
  const auto& left = plan.metadata.parts.back().state.operators;
  REQUIRE(left.size() == 1);
  CHECK(left[0].operator_name == "groups");
  CHECK(left[0].name == "held");
  CHECK(left[0].blocks == elements("", "").blocks);
  CHECK(plan.rewrites.empty());
  const Names files = names_of(plan);
  CHECK(std::count(files.begin(), files.end(), "batches-0.state.operators") == 1);
  CHECK(std::count(files.begin(), files.end(), "batches-0.seen") == 0);

  const EditPlan without = planned(from, {.drop = {{"batches"}}});
  CHECK(without.metadata.parts.back().state.operators.empty());
  CHECK(without.done == Names{"dropped operator \"batches\": 18 B of state"});
  CHECK_THAT(plan_edit(from, {.drop = {{"batches", "x"}}}, {}).status().message(),
             Contains("has no state \"x\"; it has waiting, seen"));
}

TEST_CASE("keyed state that is taken replaces that of its operator, or is added", "[savepoints]") {
  const EditPlan replaced =
      planned(word_count(), {.take = {{"counts", "/other"}}}, {written("counts")});
  const auto& parts = replaced.metadata.parts;
  REQUIRE(parts.size() == 3);
  REQUIRE(parts[1].state.keyed.size() == 1);
  CHECK_THAT(parts[1].state.keyed[0].path, Catch::EndsWith("-counts-0.state"));
  CHECK(parts[1].state.sinks.size() == 1);
  CHECK_FALSE(parts[1].state.is_finished);
  CHECK(parts[2].state.keyed.empty());
  CHECK(names_of(replaced) == Names{"later.blob", parts[1].state.keyed[0].path});
  CHECK(replaced.files.back().from == "/other/counts-0.state");

  const EditPlan added = planned(word_count(), {.take = {{"new", "/other"}}}, {written("new")});
  REQUIRE(added.metadata.parts.size() == 4);
  CHECK(added.metadata.parts[3].state.keyed[0].operator_name == "new");
  CHECK(added.metadata.parts[1].state.keyed.size() == 1);
  CHECK(added.metadata.parts[0].state.is_finished);  // it has read everything

  // The old one under a new name, the new one in its place.
  const EditPlan both =
      planned(word_count(), {.rename = {{{"counts"}, "old"}}, .take = {{"counts", "/other"}}},
              {written("counts")});
  CHECK(both.metadata.parts[1].state.keyed[0].operator_name == "old");
  CHECK(both.metadata.parts[3].state.keyed[0].operator_name == "counts");
}

TEST_CASE("edits that name what is not there are refused with what there is", "[savepoints]") {
  const Status op = refused({.drop = {{"none"}}});
  CHECK(op.code() == ErrorCode::not_found);
  CHECK_THAT(op.message(), Contains("\"none\"; it has counts, lines, out") && Contains("/old"));
  const Status state = refused({.rename = {{{"counts", "none"}, "x"}}});
  CHECK(state.code() == ErrorCode::not_found);
  CHECK_THAT(state.message(), Contains("\"none\"; it has count, seen"));
  CHECK_THAT(refused({.drop = {{"lines", "x"}}}).message(), Contains("it has no states"));
  const Status taken = refused({.take = {{"none", "/other"}}}, {written("new")});
  CHECK(taken.code() == ErrorCode::not_found);
  CHECK_THAT(taken.message(), Contains("/other") && Contains("\"none\"; it has new"));
}

TEST_CASE("edits that make no sense are refused", "[savepoints]") {
  const auto reason = [](const Edits& edits, const std::vector<EditSource>& taken = {}) {
    const Status status = refused(edits, taken);
    CHECK(status.code() == ErrorCode::invalid_argument);
    return status.message();
  };
  CHECK_THAT(reason({.drop = {{"counts"}}, .rename = {{{"counts"}, "x"}}}),
             Contains("operator \"counts\" cannot be both renamed and dropped"));
  CHECK_THAT(reason({.drop = {{"counts", "seen"}}, .rename = {{{"counts", "seen"}, "x"}}}),
             Contains("state \"seen\" of operator \"counts\" cannot be both"));
  CHECK_THAT(reason({.rename = {{{"counts"}, "out"}}}),
             Contains("there would be two of operator \"out\""));
  CHECK_THAT(reason({.rename = {{{"counts", "seen"}, "count"}}}),
             Contains("two of state \"count\" of operator \"counts\""));
  CHECK_THAT(reason({.rename = {{{"counts"}, "a b"}}}), Contains("\"a b\"; use 1 to 100 letters"));
  CHECK_THAT(reason({.rename = {{{"counts", "seen"}, ""}}}), Contains("needs a name"));
  CHECK_THAT(reason({.take = {{"new", "/a"}, {"new", "/b"}}}, {written("new"), written("new")}),
             Contains("from one place only"));
  EditSource other = written("new");
  other.opened.metadata.max_parallelism = 8;
  CHECK_THAT(reason({.take = {{"new", "/other"}}}, {other}),
             Contains("/other has max parallelism 8, /old has 4"));
}
