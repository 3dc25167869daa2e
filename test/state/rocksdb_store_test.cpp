// The store behind the rows: order of writes, views, and what is said when the disk fails.
#include "base/files.hpp"
#include "state/keyed_cut.hpp"
#include "test/state/backends.hpp"
#include "test/state/native_part.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

using namespace weir;
using namespace weir::detail;
using Catch::Matchers::Contains;

namespace {

using Entries = std::map<std::string, std::string>;

Entries entries_of(StoreCursor& cursor, std::string_view prefix = {}) {
  Entries entries;
  for (; cursor.is_at(prefix); cursor.next())
    entries.emplace(std::string{cursor.key()}, std::string{cursor.value()});
  return entries;
}

/// A folder that goes with the object.
struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

state::RocksDbBackend backend_at(const std::string& path) {
  const state::RocksDbOptions options{.memory = 8 << 20, .row_cache = 1 << 20};
  return {options, state::make_rocksdb_memory(options),
          [path](std::string_view name) -> Result<std::string> {
            return path + "/" + std::string{name};
          }};
}

struct Counter : StateOwner {
  ValueState<std::int64_t> count{*this, "count"};
};

}  // namespace

TEST_CASE("writes to one key happen in the order given", "[state][rocksdb]") {
  test::Backends backends;
  const auto store = backends.rocksdb()->open("op", std::vector<StoreColumn>(2)).store;
  StoreWrites writes;
  writes.put(0, "b", "old");
  writes.put(0, "bx", "old entry");
  writes.erase_prefix(0, "b");
  writes.put(0, "bz", "new entry");
  writes.append(0, "a", "1");
  writes.append(0, "a", "2");
  writes.put(1, "a", "other column");
  writes.put(0, "c", "x");
  writes.erase(0, "c");
  store->write(writes);
  CHECK(entries_of(*store->cursor(0, {})) == Entries{{"a", "12"}, {"bz", "new entry"}});
  CHECK(entries_of(*store->cursor(0, "b")) == Entries{{"bz", "new entry"}});
  CHECK(entries_of(*store->cursor(1, {})) == Entries{{"a", "other column"}});
  std::vector<std::optional<std::string>> values;
  store->get_many(0, {"a", "b", "bz"}, values);
  CHECK(values == std::vector<std::optional<std::string>>{"12", std::nullopt, "new entry"});
}

TEST_CASE("a store that is held shows what was there, a view what is there", "[state][rocksdb]") {
  test::Backends backends;
  const auto store = backends.rocksdb()->open("op", std::vector<StoreColumn>(1)).store;
  const auto put = [&](const std::string& value) {
    StoreWrites writes;
    writes.put(0, "k", value);
    store->write(writes);
  };
  std::string value;
  put("1");
  store->hold();
  put("2");
  REQUIRE(store->get(0, "k", value));
  CHECK(value == "1");
  CHECK(entries_of(*store->cursor(0, {})) == Entries{{"k", "1"}});
  const auto view = store->view();
  put("3");
  CHECK(entries_of(*view->cursor(0, {})) == Entries{{"k", "2"}});
  store->release();
  REQUIRE(store->get(0, "k", value));
  CHECK(value == "3");
}

TEST_CASE("a store is copied although its backend is gone", "[state][rocksdb]") {
  const Folder folder;
  const state::RocksDbOptions options{.memory = 8 << 20, .row_cache = 1 << 20};
  const auto given_out = std::make_shared<int>(0);
  const auto new_path = [given_out, &folder](std::string_view name) -> Result<std::string> {
    return folder.path + "/" + std::string{name} + std::to_string(++*given_out);
  };
  alignas(state::RocksDbBackend) std::array<std::byte, sizeof(state::RocksDbBackend)> memory{};
  auto* backend = ::new (memory.data())
      state::RocksDbBackend{options, state::make_rocksdb_memory(options), new_path};
  const auto store = backend->open("op", std::vector<StoreColumn>(1)).store;
  StoreWrites writes;
  writes.put(0, "k", "1");
  store->write(writes);
  std::destroy_at(backend);
  memory.fill({});  // whoever looks at it now finds nothing
  CHECK_FALSE(store->copy().files.empty());
}

TEST_CASE("what is dropped is still in the cuts that were made before", "[state][rocksdb]") {
  test::Backends backends;
  test::Part<> part{backends.rocksdb()};
  part.fill(0, 100);
  const auto cut = [&part] {
    return state::KeyedCut{state::describe("op", schema<int>(), part.state), part.state};
  };
  state::KeyedCut before = cut();
  part.state.drop();
  state::KeyedCut after = cut();
  base::MemoryEnv env;
  const auto rows_of = [&env](state::KeyedCut& one) {
    one.begin();
    REQUIRE(one.write_back().ok());
    one.on_written();
    state::StateFile file{env, "/unused", ~std::size_t{0}};
    const auto handle = one.write(file);
    REQUIRE(handle.ok());
    one.release();
    return handle->rows;
  };
  CHECK(rows_of(before) == 100);
  CHECK(rows_of(after) == 0);
}

TEST_CASE("rows in memory stay within their budget", "[state][rocksdb]") {
  test::Backends backends;
  Counter owner;
  KeyedStateOf<int> state{
      {0, 4}, 4, owner.declared_states(), backends.tiny()->open("op", std::vector<StoreColumn>(1))};
  owner.bind_states(state);
  for (int round = 0; round < 2; ++round) {
    for (int key = 0; key < 10'000; ++key) {
      state.backed()->keep_budget();
      state.enter(hash_of(key), key);
      CHECK(owner.count.get() == (round == 0 ? std::nullopt : std::optional<std::int64_t>{key}));
      owner.count.set(key);
      state.leave();
      REQUIRE(state.table().rows() <= 65);
    }
  }
}

TEST_CASE("a store that cannot be made names its place and the cure", "[state][rocksdb]") {
  const Folder folder;
  std::ofstream{folder.path + "/file"} << "x";
  auto backend = backend_at(folder.path + "/file");
  CHECK_THROWS_WITH(backend.open("op", std::vector<StoreColumn>(1)),
                    Contains(folder.path + "/file/op") && Contains("cannot be opened") &&
                        Contains("taskmanager.state.local.root-dirs"));
}

TEST_CASE("a store goes from the disk with its object", "[state][rocksdb]") {
  const Folder folder;
  auto backend = backend_at(folder.path);
  {
    const auto store = backend.open("op", std::vector<StoreColumn>(3)).store;
    CHECK(std::filesystem::exists(folder.path + "/op/CURRENT"));
  }
  CHECK_FALSE(std::filesystem::exists(folder.path + "/op"));
}
