// State of operators without keys: what a job author sees, and its snapshots, undamaged and
// damaged.
#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "state/compatibility.hpp"
#include "state/state_codec.hpp"

#include <weir/operator_state.hpp>

#include <catch2/catch.hpp>

#include <cstring>
#include <map>

using namespace weir;
using namespace weir::detail;
using namespace weir::state;

namespace {

struct Owner : StateOwner {
  OperatorListState<std::string> list{*this, "list"};
  UnionListState<int> all{*this, "all"};
  BroadcastState<std::string, int> map{*this, "map"};
};

template <class T>
std::vector<T> elements(const OperatorListBase<T>& list) {
  return {list.begin(), list.end()};
}

std::map<std::string, int> entries(const BroadcastState<std::string, int>& map) {
  return {map.begin(), map.end()};
}

void fill(Owner& owner, int n) {
  for (int i = 0; i < n; ++i) {
    owner.list.add(std::string(static_cast<std::size_t>(i % 50), 'x') + std::to_string(i));
    owner.all.add(i);
    owner.map.put("key" + std::to_string(i), i);
  }
}

std::vector<OperatorCut> cut(const Owner& owner) {
  std::vector<OperatorCut> cuts;
  for (const OperatorState* state : owner.operator_states()) cuts.emplace_back("op", *state);
  return cuts;
}

std::vector<OperatorStateHandle> write(Env& env, std::vector<OperatorCut> cuts,
                                       std::size_t inline_threshold,
                                       const std::string& path = "/state") {
  StateFile file{env, path, inline_threshold};
  std::vector<OperatorStateHandle> handles;
  for (OperatorCut& each : cuts) handles.push_back(write_elements(each, file).value());
  REQUIRE(file.finish().ok());
  place_in(file, path, handles);
  return handles;
}

Status read(Env& env, const OperatorStateHandle& handle, OperatorState& into, std::uint64_t first,
            std::uint64_t count) {
  into.begin_restore();
  if (handle.path.empty()) {
    StateReader reader{handle.inlined, "inlined state"};
    return read_elements(handle, first, count, reader, into);
  }
  auto file = env.open(handle.path);
  if (!file.ok()) return file.status();
  StateReader reader{std::move(file).value(), handle.path};
  return read_elements(handle, first, count, reader, into);
}

Status read_all(Env& env, const std::vector<OperatorStateHandle>& handles, Owner& into) {
  for (std::size_t i = 0; i < handles.size(); ++i) {
    const Status status =
        read(env, handles[i], *into.operator_states()[i], 0, handles[i].elements());
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace

TEST_CASE("a list of an operator is a list", "[operator state]") {
  Owner owner;
  CHECK(owner.list.empty());
  owner.list.add("a");
  owner.list.add("b");
  CHECK(owner.list.size() == 2);
  CHECK(elements(owner.list) == std::vector<std::string>{"a", "b"});
  owner.list.set({"c"});
  CHECK(elements(owner.list) == std::vector<std::string>{"c"});
  owner.list.clear();
  CHECK(owner.list.begin() == owner.list.end());
}

TEST_CASE("a broadcast map is a map in the order of its keys", "[operator state]") {
  Owner owner;
  for (const char* key : {"b", "c", "a"}) owner.map.put(key, 1);
  owner.map.put("c", 3);
  owner.map.remove("b");
  owner.map.remove("none");
  CHECK(owner.map.get("c") == 3);
  CHECK_FALSE(owner.map.get("b"));
  CHECK(owner.map.contains("a"));
  CHECK(owner.map.size() == 2);
  std::string keys;
  for (const auto& [key, value] : owner.map) keys += key;
  CHECK(keys == "ac");
  owner.map.clear();
  CHECK(owner.map.empty());
}

TEST_CASE("an operator's states are declared in order, with their kinds", "[operator state]") {
  const Owner owner;
  CHECK(owner.declared_states().empty());
  const auto specs = specs_of(owner.operator_states());
  REQUIRE(specs.size() == 3);
  CHECK(specs[0].name == "list");
  CHECK(specs[0].kind == OperatorStateKind::list);
  CHECK(specs[0].type->schema == "str");
  CHECK(specs[1].kind == OperatorStateKind::union_list);
  CHECK(specs[2].kind == OperatorStateKind::broadcast);
  CHECK(specs[2].type->schema == "(str,i32)");
}

TEST_CASE("operator state comes back as it was at the barrier", "[operator state]") {
  for (const std::size_t threshold : {std::size_t{0}, std::size_t{1} << 30}) {
    CAPTURE(threshold);
    base::MemoryEnv env;
    Owner before;
    fill(before, 20'000);  // several blocks of each
    const auto was_list = elements(before.list);
    const auto was_map = entries(before.map);
    auto cuts = cut(before);
    fill(before, 100);  // changes behind the barrier
    before.list.clear();
    before.map.remove("key7");
    const auto handles = write(env, std::move(cuts), threshold);
    REQUIRE(handles.size() == 3);
    CHECK(handles[0].blocks.size() > 3);
    CHECK(handles[0].path.empty() == (threshold != 0));
    CHECK(handles[1].elements() == 20'000);

    Owner after;
    after.list.add("from the constructor");
    CHECK_FALSE(is_restored(after.operator_states()));
    REQUIRE(read_all(env, handles, after).ok());
    CHECK(is_restored(after.operator_states()));
    CHECK(elements(after.list) == was_list);
    CHECK(after.all.size() == 20'000);
    CHECK(entries(after.map) == was_map);
  }
}

TEST_CASE("handles of operator state and their sizes are stored in the metadata",
          "[operator state]") {
  base::MemoryEnv env;
  Owner owner;
  fill(owner, 20'000);
  SubtaskState state;
  state.operators = write(env, cut(owner), 0);
  const auto file_bytes = base::read_file(env, "/state").value().size();
  CHECK(state.size_bytes() == file_bytes);
  CHECK(state.written_bytes() == file_bytes);
  CHECK(state.paths() == std::vector<std::string>(3, "/state"));
  CHECK(subtask_state_from_bytes(to_bytes(state)).value() == state);
  state.operators = write(env, cut(owner), 1 << 30);
  CHECK(state.size_bytes() == file_bytes);
  CHECK(state.paths().empty());
  // Each has its own part of the stream and no more.
  for (const auto& handle : state.operators) CHECK(handle.inlined.size() == handle.size_bytes());
  CHECK(subtask_state_from_bytes(to_bytes(state)).value() == state);
}

TEST_CASE("any range of elements is read from just the blocks that hold it", "[operator state]") {
  for (const std::size_t threshold : {std::size_t{0}, std::size_t{1} << 30}) {
    base::MemoryEnv env;
    Owner before;
    fill(before, 20'000);
    const auto handles = write(env, cut(before), threshold);
    const auto all = elements(before.list);
    const std::uint64_t edge = handles[0].blocks[0].elements;
    for (const auto& [first, count] :
         std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 0},
                                                              {0, 1},
                                                              {0, edge},
                                                              {edge, 1},
                                                              {edge - 1, 2},
                                                              {edge + 5, 10'000},
                                                              {19'999, 1},
                                                              {20'000, 0},
                                                              {0, 20'000}}) {
      CAPTURE(threshold, first, count);
      std::uint64_t start = first;
      const OperatorStateHandle part = slice(handles[0], start, count);
      CHECK(part.elements() - start >= count);
      if (count < edge) CHECK(part.blocks.size() <= 2);
      if (threshold != 0) CHECK(part.inlined.size() == part.size_bytes());
      Owner after;
      REQUIRE(read(env, part, *after.operator_states()[0], start, count).ok());
      const auto at = all.begin() + static_cast<std::ptrdiff_t>(first);
      CHECK(elements(after.list) ==
            std::vector<std::string>(at, at + static_cast<std::ptrdiff_t>(count)));
    }
  }
}

TEST_CASE("every flipped or missing byte of operator state is noticed and named",
          "[operator state]") {
  base::MemoryEnv env;
  Owner before;
  fill(before, 20);
  const auto handles = write(env, cut(before), 0, "/damaged");
  const Bytes bytes = base::read_file(env, "/damaged").value();
  const auto read_damaged = [&](const Bytes& damaged) {
    auto file = env.create("/damaged").value();
    REQUIRE(file->append(damaged).ok());
    Owner after;
    return read_all(env, handles, after);
  };
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int bit : {0x01, 0x10, 0x80}) {
      Bytes flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ bit);
      const Status status = read_damaged(flipped);
      REQUIRE(status.code() == ErrorCode::corrupt);
      REQUIRE(status.message().find("/damaged") != std::string::npos);
    }
    REQUIRE(read_damaged(bytes.substr(0, at)).code() == ErrorCode::corrupt);
  }
  CHECK(read_damaged(bytes).ok());
}

TEST_CASE("blocks that are whole but do not fit their handle are damage", "[operator state]") {
  base::MemoryEnv env;
  Owner before;
  fill(before, 20);
  const auto handles = write(env, cut(before), 1 << 20);
  const auto message = [&](OperatorStateHandle handle, std::size_t into = 0) {
    Owner after;
    const Status status = read(env, handle, *after.operator_states()[into], 0, handle.elements());
    CHECK(status.code() == ErrorCode::corrupt);
    return status.message();
  };
  using Catch::Contains;
  auto more = handles[0];
  more.blocks[0].elements += 1;
  CHECK_THAT(message(more), Contains("the metadata holds elements that cannot be decoded"));
  auto fewer = handles[0];
  fewer.blocks[0].elements -= 1;
  CHECK_THAT(message(fewer), Contains("state \"list\" of operator \"op\""));
  auto longer = handles[0];
  longer.blocks[0].size += 1;
  longer.inlined += "x";
  CHECK_THAT(message(longer), Contains("cannot be decoded"));
  Owner after;
  CHECK_THAT(read(env, handles[0], *after.operator_states()[0], 0, 21).message(),
             Contains("has 20 elements instead of 21"));
  // A map that has a key twice.
  auto twice = handles[2];
  twice.inlined += twice.inlined;
  twice.blocks.push_back(twice.blocks[0]);
  CHECK_THAT(message(twice, 2), Contains("state \"map\" of operator \"op\""));
}

TEST_CASE("operator state of another kind or type is refused, with the cure", "[operator state]") {
  using Catch::Contains;
  base::MemoryEnv env;
  Owner before;
  fill(before, 2);
  const auto handles = write(env, cut(before), 1 << 20);
  const auto specs = specs_of(before.operator_states());
  for (std::size_t i = 0; i < specs.size(); ++i)
    CHECK(check_compatible(handles[i], &specs[i]).ok());
  const auto refusal = [&](const OperatorStateSpec* declared) {
    const Status status = check_compatible(handles[0], declared).status();
    CHECK(status.code() == ErrorCode::failed_precondition);
    return status.message();
  };
  CHECK_THAT(refusal(nullptr),
             Contains("state \"list\" of operator \"op\" cannot be restored: the job no longer") &&
                 Contains("--allow-non-restored-state"));
  OperatorStateSpec other = specs[0];
  other.kind = OperatorStateKind::union_list;
  CHECK_THAT(refusal(&other), Contains("was written as operator list, the job declares it as union "
                                       "list; go back to the old kind"));
  other = specs[0];
  other.type = &type_of<int>();
  CHECK_THAT(refusal(&other), Contains("elements were written as str, the job declares i32"));
}

TEST_CASE("a disk that fills up while operator state is written is an error with a name",
          "[operator state]") {
  base::MemoryEnv env;
  Owner owner;
  fill(owner, 30'000);
  StateFile file{env, "/missing/state", 100};
  auto cuts = cut(owner);
  Status status;
  for (OperatorCut& each : cuts) {
    if (auto handle = write_elements(each, file); !handle.ok()) status = handle.status();
  }
  if (status.ok()) status = file.finish();
  CHECK(status.code() == ErrorCode::not_found);
  CHECK(status.message().find("/missing/state") != std::string::npos);
}

TEST_CASE("what was written in part is written in full the next time", "[operator state]") {
  base::MemoryEnv env;
  Owner owner;
  fill(owner, 30'000);
  auto cuts = cut(owner);
  StateFile failing{env, "/missing/state", 100};
  (void)write_elements(cuts[0], failing);
  StateFile file{env, "/state", 100};
  const auto handle = write_elements(cuts[0], file);
  REQUIRE(handle.ok());
  CHECK(handle->elements() == 30'000);
}
