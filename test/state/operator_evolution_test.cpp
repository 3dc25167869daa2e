// State without keys whose types change between two versions of a job.
#include "base/memory_env.hpp"
#include "state/compatibility.hpp"

#include <weir/operator_state.hpp>

#include <catch2/catch.hpp>

#include <map>

using namespace weir;
using namespace weir::detail;
using namespace weir::state;
using Catch::Contains;

namespace v1 {

struct Rule {
  std::string text;
  int limit = 0;
};

struct Owner : StateOwner {
  OperatorListState<Rule> list{*this, "list"};
  UnionListState<Rule> all{*this, "all"};
  BroadcastState<int, Rule> map{*this, "map"};
};

}  // namespace v1

namespace v2 {

struct Rule {
  int limit = 0;
  int weight = 5;  // new
  std::string text;

  friend bool operator==(const Rule&, const Rule&) = default;
};

struct Owner : StateOwner {
  OperatorListState<Rule> list{*this, "list"};
  UnionListState<Rule> all{*this, "all"};
  BroadcastState<int, Rule> map{*this, "map"};
};

}  // namespace v2

namespace {

constexpr int kRules = 10'000;  // several blocks

v1::Rule rule(int i) {
  return {"rule " + std::to_string(i), i};
}
v2::Rule migrated(int i) {
  return {.limit = i, .weight = 5, .text = "rule " + std::to_string(i)};
}

std::vector<OperatorStateHandle> write(const StateOwner& owner, Env& env) {
  StateFile file{env, "/state", 1 << 20};
  std::vector<OperatorStateHandle> handles;
  for (const OperatorState* state : owner.operator_states()) {
    OperatorCut cut{"op", *state};
    handles.push_back(write_elements(cut, file).value());
  }
  REQUIRE(file.finish().ok());
  place_in(file, "/state", handles);
  return handles;
}

std::vector<OperatorStateHandle> written(Env& env) {
  v1::Owner owner;
  for (int i = 0; i < kRules; ++i) {
    owner.list.add(rule(i));
    owner.all.add(rule(i));
    owner.map.put(i, rule(i));
  }
  return write(owner, env);
}

Status read(const OperatorStateHandle& handle, std::uint64_t first, std::uint64_t count,
            OperatorState& into) {
  StateReader reader{handle.inlined, "inlined state"};
  into.begin_restore();
  return read_elements(handle, first, count, reader, into);
}

}  // namespace

TEST_CASE("elements of operator state gain and lose fields", "[operator state][evolution]") {
  base::MemoryEnv env;
  const auto handles = written(env);
  v2::Owner now;
  const auto& states = now.operator_states();
  const auto specs = specs_of(states);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto changes = check_compatible(handles[i], &specs[i]);
    REQUIRE(changes.ok());
    REQUIRE(changes->size() == 1);
    CHECK_THAT(changes->front(), Contains("state \"" + specs[i].name + "\" of operator \"op\"") &&
                                     Contains(".weight"));
  }
  // A share of the list that neither begins nor ends with a block.
  REQUIRE(read(handles[0], 10, 9'000, *states[0]).ok());
  CHECK(now.list.size() == 9'000);
  CHECK(*now.list.begin() == migrated(10));
  REQUIRE(read(handles[1], 0, kRules, *states[1]).ok());
  int next = 0;
  for (const v2::Rule& each : now.all) {
    if (each != migrated(next)) break;
    ++next;
  }
  CHECK(next == kRules);
  REQUIRE(read(handles[2], 0, kRules, *states[2]).ok());
  CHECK(now.map.size() == kRules);
  CHECK(now.map.get(77) == migrated(77));

  // What is written now needs no migration any more.
  const auto again = write(now, env);
  for (std::size_t i = 0; i < specs.size(); ++i)
    CHECK(check_compatible(again[i], &specs[i])->empty());
}

TEST_CASE("elements of operator state that cannot become others are refused with the places",
          "[operator state][evolution]") {
  struct Rule {
    std::string text;
    std::string limit;  // was a number
    bool is_on;         // without a default: false
  };
  base::MemoryEnv env;
  auto handles = written(env);
  const auto refusal = [](const OperatorStateHandle& handle, const OperatorStateSpec& spec) {
    const Status status = check_compatible(handle, &spec).status();
    CHECK(status.code() == ErrorCode::failed_precondition);
    return status.message();
  };
  const OperatorStateSpec list{"list", OperatorStateKind::list, &type_of<Rule>()};
  CHECK_THAT(refusal(handles[0], list),
             Contains("{text: str, limit: i32}") && Contains("limit: str") &&
                 Contains("\n    .limit: i32 -> str") && Contains("give the new one another name"));
  const OperatorStateSpec map{"map", OperatorStateKind::broadcast,
                              &type_of<std::pair<v1::Rule, v1::Rule>>()};
  CHECK_THAT(refusal(handles[2], map), Contains("i32 -> {text: str"));

  struct Key {
    int id;
  };
  struct NewKey {
    int id;
    int part;
  };
  handles[2].schema = type_of<std::pair<Key, v1::Rule>>().schema;
  const OperatorStateSpec other_key{"map", OperatorStateKind::broadcast,
                                    &type_of<std::pair<NewKey, v1::Rule>>()};
  CHECK_THAT(refusal(handles[2], other_key), Contains("keys of a broadcast map cannot change"));

  handles[0].schema = "future:1";
  CHECK_THAT(refusal(handles[0], list),
             Contains("unknown schema future:1") && Contains("newer version"));
}

TEST_CASE("a damaged element is found although it is migrated", "[operator state][evolution]") {
  base::MemoryEnv env;
  auto handles = written(env);
  v2::Owner now;
  // The blocks are sound, but hold something else than their schema says.
  handles[0].schema = type_of<std::pair<v1::Rule, std::string>>().schema;
  struct Owner : StateOwner {
    OperatorListState<std::pair<v2::Rule, std::string>> list{*this, "list"};
  } owner;
  const Status status = read(handles[0], 0, kRules, *owner.operator_states()[0]);
  CHECK(status.code() == ErrorCode::corrupt);
  CHECK_THAT(status.message(), Contains("state \"list\" of operator \"op\""));
}
