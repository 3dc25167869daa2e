// Snapshots as files of a store: what is written, what is linked, and what is restored from them.
#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "test/state/native_part.hpp"
#include "test/support/collect.hpp"
#include "test/support/env_over.hpp"
#include "test/support/refusing_env.hpp"
#include "test/support/threads.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

using namespace weir;
using namespace weir::detail;
using namespace weir::state;
using test::kGroups;
using test::linked_files;
using test::Owner;
using test::Part;

namespace {

/// Files of no store at all.
class Filled final : public StoreDirectory {
public:
  explicit Filled(const std::vector<StoreFile>& files) {
    for (const StoreFile& file : files) {
      auto out = env_.create("/" + file.name).value();
      REQUIRE(out->append(content(file.name, file.size)).ok());
    }
  }

  static std::string content(const std::string& name, std::size_t size) {
    return std::string(size, name[0]);
  }

  Result<std::unique_ptr<WritableFile>> create(const std::string& name) override {
    return env_.create("/" + name);
  }
  Result<std::unique_ptr<ReadableFile>> open(const std::string& name) override {
    return env_.open("/" + name);
  }
  bool link(const std::string&, const std::string&) override { return false; }

private:
  base::MemoryEnv env_;
};

/// A disk on which no file can have two names.
class OneName final : public test::EnvOver {
public:
  using EnvOver::EnvOver;
  Status link(const std::string&, const std::string&) override {
    return {ErrorCode::failed_precondition, "one name"};
  }
};

/// A disk on which nothing is written before two files are.
class Pairing final : public test::EnvOver {
public:
  using EnvOver::EnvOver;
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    gate_.pass();
    return EnvOver::create(path);
  }

private:
  test::Gate gate_{2};
};

}  // namespace

TEST_CASE("what has not changed is not written again", "[state][native]") {
  base::MemoryEnv env;
  StoredFiles known;
  const auto write = [&](const std::string& directory, std::vector<StoreFile> files) {
    REQUIRE(env.create_directories(directory).ok());
    StoreCopy copy{std::make_unique<Filled>(files), std::move(files)};
    const NativePlace place{
        .env = &env, .directory = directory, .prefix = "p.", .inline_bytes = 10, .range = {2, 4}};
    WrittenFiles written;
    return write_copy({.operator_name = "op"}, copy, place, known, written).value();
  };
  const auto first = write("/chk-1", {{"1.sst", 100, true}, {"MANIFEST", 20}, {"CURRENT", 10}});
  CHECK(first.written_bytes() == 130);
  CHECK(first.paths() == std::vector<std::string>{"p.1.sst", "p.MANIFEST"});
  CHECK(first.files[2].inlined == Filled::content("CURRENT", 10));
  CHECK(first.groups == std::vector<GroupSlice>{{2, 0, 0}, {3, 0, 0}});

  const auto second = write(
      "/chk-2", {{"1.sst", 100, true}, {"2.sst", 7, true}, {"MANIFEST", 25}, {"CURRENT", 10}});
  CHECK(second.size_bytes() == 142);
  CHECK(second.written_bytes() == 42);  // all but 1.sst
  CHECK(second.files[0].crc == first.files[0].crc);

  REQUIRE(base::remove_tree(env, "/chk-1").ok());  // each has all it needs
  CHECK(base::read_file(env, "/chk-2/p.1.sst").value() == Filled::content("1.sst", 100));
  CHECK(verify_files(second, env, "/chk-2").ok());
  const auto third = write("/chk-3", {{"2.sst", 7, true}, {"MANIFEST", 30}});
  CHECK(third.written_bytes() == 30);
  const auto fourth = write("/chk-4", {{"1.sst", 100, true}});  // nobody knows where it was
  CHECK(fourth.written_bytes() == 100);
}

TEST_CASE("files that cannot be written just now are written later, and no others",
          "[state][native]") {
  base::MemoryEnv memory;
  test::RefusingEnv env{memory};
  StoredFiles known;
  const auto place = [&](const std::string& directory) {
    REQUIRE(env.create_directories(directory).ok());
    return NativePlace{.env = &env, .directory = directory, .prefix = "p.", .range = {0, 1}};
  };
  const auto copy_of = [](std::vector<StoreFile> files) {
    return StoreCopy{std::make_unique<Filled>(files), std::move(files)};
  };
  WrittenFiles first_written;
  auto first = copy_of({{"1.sst", 100, true}});
  REQUIRE(write_copy({.operator_name = "op"}, first, place("/chk-1"), known, first_written).ok());

  auto second = copy_of({{"1.sst", 100, true}, {"2.sst", 7, true}, {"3.sst", 9, true}});
  WrittenFiles written;
  const auto write = [&] {
    return write_copy({.operator_name = "op"}, second, place("/chk-2"), known, written);
  };
  env.refuse(ErrorCode::unavailable, 1);
  CHECK(write().status().code() == ErrorCode::unavailable);
  REQUIRE(written.size() == 3);
  CHECK(written[0]);  // linked
  CHECK_FALSE(written[1]);
  CHECK(written[2]);  // held up by nobody
  CHECK(known.size() == 1);
  CHECK(known.at("1.sst").path == "/chk-1/p.1.sst");
  const auto handle = write();
  REQUIRE(handle.ok());
  CHECK(handle->written_bytes() == 16);
  CHECK(verify_files(*handle, env, "/chk-2").ok());
  // What is linked has not been written once more, which would have emptied the file of chk-1.
  CHECK(base::read_file(env, "/chk-1/p.1.sst").value() == Filled::content("1.sst", 100));
  CHECK(known.at("3.sst").path == "/chk-2/p.3.sst");
}

TEST_CASE("a full disk ends it at once", "[state][native]") {
  base::MemoryEnv memory;
  test::RefusingEnv env{memory};
  REQUIRE(env.create_directories("/chk").ok());
  const std::vector<StoreFile> files{{"1.sst", 100, true}, {"2.sst", 200, true}};
  StoreCopy copy{std::make_unique<Filled>(files), files};
  StoredFiles known;
  WrittenFiles written;
  env.refuse(ErrorCode::out_of_space, 1);
  const auto handle =
      write_copy({.operator_name = "op"}, copy, {.env = &env, .directory = "/chk", .prefix = "p."},
                 known, written);
  CHECK(handle.status().code() == ErrorCode::out_of_space);
  CHECK_FALSE(memory.stat("/chk/p.2.sst").ok());
}

TEST_CASE("several files are written at once if threads are idle", "[state][native]") {
  base::MemoryEnv memory;
  Pairing env{memory};
  REQUIRE(env.create_directories("/chk").ok());
  const std::vector<StoreFile> files{
      {"1.sst", 100, true}, {"2.sst", 200, true}, {"3.sst", 300, true}, {"MANIFEST", 20}};
  StoreCopy copy{std::make_unique<Filled>(files), files};
  StoredFiles known;
  WrittenFiles written;
  test::Generous pool;
  const auto handle =
      write_copy({.operator_name = "op"}, copy,
                 {.env = &env, .directory = "/chk", .prefix = "p.", .pool = &pool}, known, written)
          .value();
  REQUIRE(handle.files.size() == files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    CHECK(handle.files[i].name == files[i].name);
    CHECK(handle.files[i].size == files[i].size);
  }
  CHECK(known.size() == 3);
  CHECK(verify_files(handle, env, "/chk").ok());
}

TEST_CASE("several files are read at once", "[state][rocksdb][native]") {
  test::Backends backends;
  base::MemoryEnv env;
  Part part{backends.rocksdb()};
  part.fill(0, 2000);
  const auto handle = part.snapshot(env, "/chk").value();
  test::Generous pool;
  Part after{backends.rocksdb()};
  REQUIRE(read_copy(handle, {&env, "/chk", nullptr, &pool}, *backends.rocksdb(), after.state, true)
              .ok());
  CHECK(pool.threads() > 0);
  CHECK(after.count(2000) == 2000);
  // Damage is found whoever reads the file.
  const auto sst = std::find_if(handle.files.begin(), handle.files.end(),
                                [](const auto& file) { return file.name.ends_with(".sst"); });
  REQUIRE(sst != handle.files.end());
  const std::string path = "/chk/" + sst->path;
  Bytes bytes = base::read_file(env, path).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  test::write_file(env, path, bytes);
  Part last{backends.rocksdb()};
  const Status status =
      read_copy(handle, {&env, "/chk", nullptr, &pool}, *backends.rocksdb(), last.state, true);
  CHECK(status.code() == ErrorCode::corrupt);
  CHECK_THAT(status.message(), Catch::Contains(path));
}

TEST_CASE("a snapshot goes on where the one was that the store comes from",
          "[state][rocksdb][native]") {
  test::Backends backends;
  base::MemoryEnv env;
  Part part{backends.rocksdb()};
  part.fill(0, 2000);
  const auto first = part.snapshot(env, "/chk-1").value();
  Part after{backends.rocksdb()};
  REQUIRE(read_copy(first, {&env, "/chk-1"}, *backends.rocksdb(), after.state, true).ok());
  CHECK(after.count(2000) == 2000);
  after.fill(0, 20);
  const auto second = after.snapshot(env, "/chk-2").value();
  for (const NativeFile& file : second.files) {
    CAPTURE(file.name);
    const bool is_old = file.name.ends_with(".sst") &&
                        std::any_of(first.files.begin(), first.files.end(),
                                    [&](const auto& old) { return old.name == file.name; });
    CHECK(file.is_linked == is_old);
  }
  REQUIRE(base::remove_tree(env, "/chk-1").ok());
  CHECK(verify_files(second, env, "/chk-2").ok());
  Part last{backends.rocksdb()};
  REQUIRE(read_copy(second, {&env, "/chk-2"}, *backends.rocksdb(), last.state, true).ok());
  CHECK(last.count(2000) == 2000);
}

TEST_CASE("files that were merged away are in no later snapshot", "[state][rocksdb][native]") {
  test::Backends backends;
  base::MemoryEnv env;
  Part part{backends.rocksdb()};
  std::set<std::string> names;
  KeyedStateHandle last;
  for (int i = 1; i <= 12; ++i) {
    part.fill(i * 100, i * 100 + 200);
    last = part.snapshot(env, "/chk-" + std::to_string(i)).value();
    for (const NativeFile& file : last.files) names.insert(file.name);
    if (i > 1) REQUIRE(base::remove_tree(env, "/chk-" + std::to_string(i - 1)).ok());
  }
  CHECK(last.files.size() < names.size());
  CHECK(env.list("/chk-12")->size() == last.paths().size());  // nothing else is there
  Part after{backends.rocksdb()};
  REQUIRE(read_copy(last, {&env, "/chk-12"}, *backends.rocksdb(), after.state, true).ok());
  CHECK(after.count(1400) == 1300);
}

TEST_CASE("a savepoint links what checkpoints have, and no checkpoint what a savepoint has",
          "[state][rocksdb][native]") {
  test::Backends backends;
  base::MemoryEnv env;
  Part part{backends.rocksdb()};
  part.fill(0, 500);
  const auto checkpoint = part.snapshot(env, "/chk-1").value();
  part.fill(500, 1000);
  const auto savepoint = part.snapshot(env, "/sp", false).value();
  CHECK(linked_files(savepoint) > 0);
  CHECK(savepoint.written_bytes() < savepoint.size_bytes());
  REQUIRE(base::remove_tree(env, "/chk-1").ok());
  CHECK(verify_files(savepoint, env, "/sp").ok());
  // All that was linked by the savepoint is gone with the checkpoint for whoever comes next.
  CHECK(linked_files(part.snapshot(env, "/chk-2").value()) == 0);
  REQUIRE(env.rename("/sp", "/moved").ok());
  Part after{backends.of(GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb))};
  REQUIRE(read_copy(savepoint, {&env, "/moved"}, *backends.rocksdb(), after.state, true).ok());
  CHECK(after.count(1000) == 1000);
}

TEST_CASE("where files have one name each, all are written", "[state][rocksdb][native]") {
  test::Backends backends;
  base::MemoryEnv disk;
  OneName env{disk};
  Part part{backends.rocksdb()};
  part.fill(0, 500);
  REQUIRE(part.snapshot(env, "/chk-1").ok());
  const auto second = part.snapshot(env, "/chk-2").value();
  CHECK(linked_files(second) == 0);
  CHECK(verify_files(second, env, "/chk-2").ok());
}

TEST_CASE("files of a store restore at another parallelism, and in memory",
          "[state][rocksdb][native]") {
  test::Backends backends;
  base::MemoryEnv env;
  std::vector<KeyedStateHandle> handles;
  for (std::uint32_t i = 0; i < 2; ++i) {
    Part part{backends.rocksdb(), range_of_subtask(i, 2, kGroups)};
    for (int key = 0; key < 1000; ++key) {
      if (part.state.table().range().contains(key_position(hash_of(key), kGroups).group))
        part.fill(key, key + 1);
    }
    handles.push_back(part.snapshot(env, "/chk/" + std::to_string(i)).value());
  }
  StateBackend* into = backends.of(
      GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb, test::BackendKind::tiny));
  const auto parallelism = GENERATE(1U, 2U, 3U, 8U);
  int found = 0;
  for (std::uint32_t i = 0; i < parallelism; ++i) {
    Part part{into, range_of_subtask(i, parallelism, kGroups)};
    bool is_first = true;
    for (std::size_t h = 0; h < handles.size(); ++h) {
      const bool overlaps = std::any_of(handles[h].groups.begin(), handles[h].groups.end(),
                                        [&](const GroupSlice& slice) {
                                          return part.state.table().range().contains(slice.group);
                                        });
      if (!overlaps) continue;
      REQUIRE(read_copy(handles[h], {&env, "/chk/" + std::to_string(h)}, *backends.rocksdb(),
                        part.state, is_first)
                  .ok());
      is_first = false;
    }
    found += part.count(1000);
  }
  CHECK(found == 1000);
}

TEST_CASE("states that are declared in another order find what is theirs",
          "[state][rocksdb][native]") {
  struct Other : StateOwner {
    MapState<int, int> map{*this, "map"};
    ValueState<int> added{*this, "added"};
    ValueState<std::string> value{*this, "value"};
  };
  test::Backends backends;
  base::MemoryEnv env;
  Part part{backends.rocksdb()};
  part.fill(0, 500);
  const auto handle = part.snapshot(env, "/chk-1").value();
  Part<Other> after{backends.of(GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb))};
  REQUIRE(read_copy(handle, {&env, "/chk-1"}, *backends.rocksdb(), after.state, true).ok());
  CHECK(after.count(500) == 500);
  after.with(7, [](Other& o) {
    CHECK(o.map.get(7) == 7);
    CHECK_FALSE(o.added);
  });
}

TEST_CASE("a restore on the disk of its checkpoint links files, and never changes them",
          "[state][rocksdb][native]") {
  namespace fs = std::filesystem;
  const fs::path root = fs::temp_directory_path() / ("weir-links-" + std::to_string(::getpid()));
  fs::remove_all(root);
  fs::create_directories(root);
  int opened = 0;
  RocksDbBackend disk{{.memory = 8 << 20, .row_cache = 1 << 20},
                      make_rocksdb_memory({.memory = 8 << 20}),
                      [&](std::string_view) -> Result<std::string> {
                        return (root / std::to_string(++opened)).string();
                      }};
  Env& env = Env::posix();
  const std::string place = (root / "chk-1").string();
  std::optional<KeyedStateHandle> handle;
  {
    Part before{&disk};
    before.fill(0, 500);
    handle = before.snapshot(env, place).value();
  }
  const auto links = [&] {
    std::set<std::uintmax_t> counts;
    for (const NativeFile& file : handle->files) {
      if (file.name.ends_with(".sst"))
        counts.insert(fs::hard_link_count(fs::path{place} / file.path));
    }
    return counts;
  };
  CHECK(links() == std::set<std::uintmax_t>{1});
  {
    Part after{&disk};
    REQUIRE(read_copy(*handle, {&env, place}, disk, after.state, true).ok());
    CHECK(links() == std::set<std::uintmax_t>{2});
    CHECK(after.count(500) == 500);
    after.fill(250, 1000);
    REQUIRE(after.snapshot(env, (root / "chk-2").string()).ok());
  }
  CHECK(verify_files(*handle, env, place).ok());
  fs::remove_all(root);
}
