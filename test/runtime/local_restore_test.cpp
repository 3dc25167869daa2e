// Restoring from a node's own copies, and from the checkpoint when they are of no use.
#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "runtime/task/state_restore.hpp"
#include "state/keyed_cut.hpp"
#include "test/state/backends.hpp"
#include "test/support/env_over.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace weir;
using namespace weir::runtime;
using base::MemoryEnv;

namespace {

constexpr std::uint32_t kGroups = 16;
constexpr int kKeys = 20'000;  // some blocks of a state file

struct Count : StateOwner {
  ValueState<std::int64_t> count{*this, "count"};
};

struct Table {
  Table() : state{{0, kGroups}, kGroups, owner.declared_states()} { owner.bind_states(state); }

  void fill(std::int64_t plus) {
    for (int key = 0; key < kKeys; ++key) {
      state.enter(hash_of(key), key);
      owner.count.set(key + plus);
    }
    state.leave();
  }
  bool holds(std::int64_t plus) {
    for (int key = 0; key < kKeys; ++key) {
      state.enter(hash_of(key), key);
      if (owner.count.get() != key + plus) return false;
    }
    state.leave();
    return state.table().rows() == kKeys;
  }

  Count owner;
  detail::KeyedStateOf<int> state;
};

/// Counts how often a state file is opened.
class Storage final : public test::EnvOver {
public:
  using EnvOver::EnvOver;
  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    ++opened;
    return disk_.open(path);
  }
  int opened = 0;
};

const std::string kPlace = "/state/job/chk-";

/// A node that has written checkpoints 1 and 2.
struct Node {
  Node() {
    handles.resize(3);
    for (const std::uint64_t id : {1U, 2U}) write(id);
  }

  void write(std::uint64_t id) {
    const std::string place = kPlace + std::to_string(id);
    REQUIRE(shared.create_directories(place).ok());
    Table table;
    table.fill(static_cast<std::int64_t>(id));
    detail::FrozenRows rows = table.state.table().freeze();
    state::StateFile file{
        [&] { return local.create(storage, CheckpointId{id}, place + "/counts-0"); }, 0};
    auto handle =
        state::write_rows(state::describe("counts", schema<int>(), table.state), rows, file);
    REQUIRE(handle.ok());
    REQUIRE(file.finish().ok());
    handle->path = "counts-0";
    handles[id] = *handle;
    table.state.table().release(std::move(rows));
  }
  Result<RestoredFrom> restore(std::uint64_t id, Table& into, bool uses_copies = true) {
    return read_state({.restore = {.keyed = {handles[id]}},
                       .directory = kPlace + std::to_string(id),
                       .env = &storage,
                       .copies = uses_copies ? &local : nullptr},
                      {{"counts", schema<int>(), &into.state}});
  }
  static std::string copy(std::uint64_t id) {
    const std::string n = std::to_string(id);
    return "/local/weir-local-me/" + n + "-chk-" + n + "-counts-0";
  }
  /// Changes a copy.
  template <class F>
  void with_copy(std::uint64_t id, F change) {
    Bytes bytes = base::read_file(disk, copy(id)).value();
    change(bytes);
    auto file = disk.create(copy(id)).value();
    REQUIRE(file->append(bytes).ok());
  }

  MemoryEnv shared;
  Storage storage{shared};
  MemoryEnv disk;
  checkpoint::LocalDirectory directory{disk, "/local", "me"};
  checkpoint::LocalState local{directory, "run-1", base::silent_logger()};
  std::vector<state::KeyedStateHandle> handles;  // by checkpoint
};

}  // namespace

TEST_CASE("state is restored from the node's copies, and nothing else is read", "[local]") {
  Node node;
  for (const std::uint64_t id : {1U, 2U}) {
    Table table;
    CHECK(node.restore(id, table).value() == RestoredFrom::copies);
    CHECK(table.holds(static_cast<std::int64_t>(id)));
  }
  CHECK(node.storage.opened == 0);
}

TEST_CASE("without copies the checkpoint is read", "[local]") {
  Node node;
  Table table;
  SECTION("the node keeps none") {
    CHECK(node.restore(2, table, false).value() == RestoredFrom::storage);
  }
  SECTION("they have been dropped") {
    node.local.remove(node.local.on_restart("/state/job/chk-1"));
    CHECK(node.restore(2, table).value() == RestoredFrom::storage);
  }
  SECTION("somebody has deleted them") {
    REQUIRE(base::remove_tree(node.disk, "/local").ok());
    CHECK(node.restore(2, table).value() == RestoredFrom::storage);
  }
  CHECK(table.holds(2));
  CHECK(node.storage.opened == 1);
}

TEST_CASE("a damaged copy is of no use, wherever the damage is", "[local]") {
  Node node;
  const std::size_t size = base::read_file(node.disk, Node::copy(2)).value().size();
  for (const std::size_t at : {std::size_t{0}, size / 3, size / 2, size - 1}) {
    CAPTURE(at);
    Node fresh;
    fresh.with_copy(2, [&](Bytes& bytes) { bytes[at] = static_cast<char>(bytes[at] ^ 1); });
    Table table;
    CHECK(fresh.restore(2, table).value() == RestoredFrom::storage);
    CHECK(table.holds(2));
    CHECK(fresh.storage.opened == 1);
    CHECK_FALSE(fresh.disk.stat(Node::copy(2)).ok());
  }
}

TEST_CASE("a copy that is cut off is of no use", "[local]") {
  Node node;
  node.with_copy(2, [](Bytes& bytes) { bytes.resize(bytes.size() / 2); });
  Table table;
  CHECK(node.restore(2, table).value() == RestoredFrom::storage);
  CHECK(table.holds(2));
}

TEST_CASE("an older checkpoint's copy is not taken for the newer one's", "[local]") {
  Node node;
  const Bytes older = base::read_file(node.disk, Node::copy(1)).value();
  // All blocks are sound and as long as those of the newer one; only the counts are too low.
  node.with_copy(2, [&](Bytes& bytes) {
    REQUIRE(bytes.size() == older.size());
    bytes = older;
  });
  Table table;
  CHECK(node.restore(2, table).value() == RestoredFrom::storage);
  CHECK(table.holds(2));
}

TEST_CASE("a damaged copy does not hide that the checkpoint is damaged too", "[local]") {
  Node node;
  node.with_copy(2, [](Bytes& bytes) { bytes.back() = static_cast<char>(bytes.back() ^ 1); });
  REQUIRE(node.shared.remove_file(kPlace + "2/counts-0").ok());
  Table table;
  CHECK(node.restore(2, table).status().code() == ErrorCode::not_found);
}

TEST_CASE("state that came with the order is not looked for in copies", "[local]") {
  Node node;
  Table table;
  table.fill(7);
  detail::FrozenRows rows = table.state.table().freeze();
  state::StateFile file{node.shared, {}, 100 << 20};
  auto handle =
      state::write_rows(state::describe("counts", schema<int>(), table.state), rows, file);
  REQUIRE(handle.ok());
  handle->inlined = file.take_inlined();
  table.state.table().release(std::move(rows));
  node.handles[1] = *handle;
  Table into;
  CHECK(node.restore(1, into).value() == RestoredFrom::metadata);
  CHECK(into.holds(7));
}

namespace {

/// A node that has written checkpoint 1 as files of RocksDB, and kept them.
struct RocksDbNode {
  struct Part {
    explicit Part(detail::StateBackend& backend)
        : state{{0, kGroups},
                kGroups,
                owner.declared_states(),
                backend.open("counts", detail::store_columns(owner.declared_states()))} {
      owner.bind_states(state);
    }
    Count owner;
    detail::KeyedStateOf<int> state;
  };

  RocksDbNode() {
    REQUIRE(shared.create_directories(place).ok());
    Part part{*backends.rocksdb()};
    for (int key = 0; key < 1000; ++key) {
      part.state.enter(hash_of(key), key);
      part.owner.count.set(key);
    }
    part.state.leave();
    state::KeyedCut cut{state::describe("counts", schema<int>(), part.state), part.state};
    cut.begin();
    REQUIRE(cut.write_back(0).ok());
    cut.on_written();
    handle = cut.write_files({.env = &shared, .directory = place, .prefix = "counts-0."}).value();
    local.keep(CheckpointId{1}, state::native_place(handle, place), cut.take_copy());
    cut.release();
  }
  std::shared_ptr<detail::StoreDirectory> kept() const {
    return local.kept(state::native_place(handle, place));
  }
  void require_restored(RestoredFrom from) {
    Part part{*backends.rocksdb()};
    const RestoreOrder order{
        .restore = {.keyed = {handle}},
        .directory = place,
        .env = &storage,
        .copies = &local,
        .backend = [this] {
          return std::shared_ptr<detail::StateBackend>{std::shared_ptr<void>{}, backends.rocksdb()};
        }};
    CHECK(read_state(order, {{"counts", schema<int>(), &part.state}}).value() == from);
    for (int key = 0; key < 1000; ++key) {
      part.state.enter(hash_of(key), key);
      REQUIRE(part.owner.count.get() == key);
    }
    part.state.leave();
  }

  const std::string place = kPlace + "1";
  test::Backends backends;
  MemoryEnv shared;
  Storage storage{shared};
  MemoryEnv disk;
  checkpoint::LocalDirectory directory{disk, "/local", "me"};
  checkpoint::LocalState local{directory, "run-1", base::silent_logger()};
  state::KeyedStateHandle handle;
};

}  // namespace

TEST_CASE("files of RocksDB that the node has kept are restored, again and again",
          "[local][rocksdb]") {
  RocksDbNode node;
  node.require_restored(RestoredFrom::copies);
  node.require_restored(RestoredFrom::copies);
  CHECK(node.storage.opened == 0);
  node.local.remove(node.local.on_restart(node.place));  // it restarts from this one
  REQUIRE(node.kept() != nullptr);
  node.local.remove(node.local.on_completed(CheckpointId{2}));
  CHECK(node.kept() == nullptr);
  node.require_restored(RestoredFrom::storage);
  CHECK(node.storage.opened > 0);
}

TEST_CASE("a kept file of RocksDB that is damaged is of no use", "[local][rocksdb]") {
  RocksDbNode node;
  const auto table = std::find_if(node.handle.files.begin(), node.handle.files.end(),
                                  [](const auto& file) { return file.name.ends_with(".sst"); });
  REQUIRE(table != node.handle.files.end());
  REQUIRE(node.kept()->create(table->name).value()->append("damaged").ok());
  node.require_restored(RestoredFrom::storage);
  CHECK(node.kept() == nullptr);
}

TEST_CASE("files of a checkpoint that came to nothing are not kept", "[local][rocksdb]") {
  RocksDbNode node;
  const std::string place = kPlace + "7/counts-0.";
  const auto files = [&] {
    return std::shared_ptr<detail::StoreDirectory>{node.backends.rocksdb()->make_directory("op")};
  };
  node.local.remove(node.local.on_aborted(CheckpointId{7}));
  node.local.keep(CheckpointId{7}, place, files());
  CHECK(node.local.kept(place) == nullptr);
  node.local.remove(node.local.on_end());
  CHECK(node.kept() == nullptr);
  node.local.keep(CheckpointId{8}, place, files());
  CHECK(node.local.kept(place) == nullptr);
}
