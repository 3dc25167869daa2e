// Copies of state files: written beside the file, read instead of it, and never the reason why
// anything fails.
#include "checkpoint/local_state.hpp"

#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "state/state_file.hpp"
#include "test/support/env_over.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::checkpoint;
using base::MemoryEnv;

namespace {

/// A disk of its own for copies, on which some calls fail.
class LocalDisk final : public test::EnvOver {
public:
  explicit LocalDisk(Env& disk) : EnvOver{disk} {}

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    if (fails == "create") return error(path);
    auto file = disk_.create(path);
    if (!file.ok()) return file.status();
    return std::unique_ptr<WritableFile>{new File{*this, path, std::move(file).value()}};
  }
  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    if (fails == "open") return error(path);
    return disk_.open(path);
  }
  Status create_directories(const std::string& path) override {
    return fails == "make" ? error(path) : disk_.create_directories(path);
  }
  Status create_directory(const std::string& path) override {
    return fails == "make" ? error(path) : disk_.create_directory(path);
  }
  Status remove_file(const std::string& path) override {
    return fails == "remove" ? error(path) : disk_.remove_file(path);
  }

  std::string fails;

private:
  class File final : public WritableFile {
  public:
    File(LocalDisk& disk, std::string path, std::unique_ptr<WritableFile> file)
        : disk_{disk}, path_{std::move(path)}, file_{std::move(file)} {}
    Status append(std::string_view bytes) override {
      return disk_.fails == "append" ? error(path_) : file_->append(bytes);
    }
    Status sync() override {
      FAIL("a copy need not survive a crash");
      return {};
    }
    Status close() override { return disk_.fails == "close" ? error(path_) : file_->close(); }

  private:
    LocalDisk& disk_;
    std::string path_;
    std::unique_ptr<WritableFile> file_;
  };

  static Status error(const std::string& path) {
    return {ErrorCode::out_of_space, path + ": no space left"};
  }
};

class Log final : public base::Logger {
public:
  void write(base::LogLevel, std::string_view message, Fields) override {
    lines.emplace_back(message);
  }
  std::vector<std::string> lines;
};

const std::string kPlace = "/state/job/chk-";

struct Node {
  Node() {
    REQUIRE(shared.create_directories(kPlace + "1").ok());
    REQUIRE(shared.create_directories(kPlace + "2").ok());
  }

  static std::string path(std::uint64_t id) { return kPlace + std::to_string(id) + "/counts-0"; }

  void write(std::uint64_t id, const std::string& content) {
    auto file = local.create(shared, CheckpointId{id}, path(id));
    REQUIRE(file.ok());
    REQUIRE((*file)->append(content.substr(0, 3)).ok());
    REQUIRE((*file)->append(content.substr(3)).ok());
    REQUIRE((*file)->sync().ok());
    REQUIRE((*file)->close().ok());
    REQUIRE(base::read_file(shared, path(id)).value() == content);
  }
  /// What a copy holds; "none" without one.
  std::string read(std::uint64_t id) {
    const auto file = local.open(path(id));
    if (file == nullptr) return "none";
    char buffer[100];
    return {buffer, file->read(0, buffer, sizeof buffer).value()};
  }
  std::vector<std::string> copies() {
    std::vector<std::string> names;
    const auto entries = memory.list("/local/weir-local-me");
    if (!entries.ok()) return names;
    for (const DirectoryEntry& entry : *entries) names.push_back(entry.name);
    return names;
  }
  std::string copy_path() { return "/local/weir-local-me/" + copies().at(0); }

  MemoryEnv shared;
  MemoryEnv memory;
  LocalDisk disk{memory};
  LocalDirectory directory{disk, "/local", "me"};
  Log log;
  LocalState local{directory, "run-1", log};
};

}  // namespace

TEST_CASE("what is written to a state file is written to a copy too", "[local]") {
  Node node;
  node.write(1, "content");
  CHECK(node.copies() == std::vector<std::string>{"1-chk-1-counts-0"});
  CHECK(node.read(1) == "content");
  CHECK(node.read(2) == "none");
  char buffer[4];
  CHECK(node.local.open(Node::path(1))->read(4, buffer, 3).value() == 3);
  CHECK(std::string(buffer, 3) == "ent");
  CHECK(node.log.lines.empty());
}

TEST_CASE("copies go with their checkpoints", "[local]") {
  Node node;
  node.write(1, "older");
  node.write(2, "newer");
  node.local.remove(node.local.on_completed(CheckpointId{2}));
  CHECK(node.copies() == std::vector<std::string>{"2-chk-2-counts-0"});
  CHECK(node.read(1) == "none");
  CHECK(node.read(2) == "newer");
  node.local.remove(node.local.on_end());
  CHECK(node.copies().empty());
  CHECK(node.log.lines.empty());
}

TEST_CASE("a copy whose checkpoint is aborted while it is written is deleted", "[local]") {
  Node node;
  auto file = node.local.create(node.shared, CheckpointId{1}, Node::path(1)).value();
  REQUIRE(file->append("content").ok());
  CHECK(node.local.on_aborted(CheckpointId{1}).empty());
  CHECK(node.copies().size() == 1);
  REQUIRE(file->close().ok());
  CHECK(node.copies().empty());
}

TEST_CASE("a state file that is given up takes its copy along", "[local]") {
  Node node;
  {
    auto file = node.local.create(node.shared, CheckpointId{1}, Node::path(1)).value();
    REQUIRE(file->append("content").ok());
  }
  CHECK(node.copies().empty());
  CHECK(node.read(1) == "none");
}

TEST_CASE("a copy that cannot be written fails nothing, and is said once", "[local]") {
  for (const char* fails : {"make", "create", "append", "close"}) {
    CAPTURE(fails);
    Node node;
    node.disk.fails = fails;
    node.write(1, "content");
    node.write(2, "content");
    CHECK(node.read(1) == "none");
    CHECK(node.read(2) == "none");
    CHECK(node.copies().empty());
    CHECK(node.log.lines.size() == 1);
    node.disk.fails = "";
    REQUIRE(node.shared.create_directories(kPlace + "3").ok());
    node.write(3, "content");
    CHECK(node.read(3) == "content");
  }
}

TEST_CASE("a disk that fills up in the middle of a copy leaves the file alone", "[local]") {
  Node node;
  auto file = node.local.create(node.shared, CheckpointId{1}, Node::path(1)).value();
  REQUIRE(file->append("con").ok());
  node.disk.fails = "append";
  REQUIRE(file->append("te").ok());
  node.disk.fails = "";
  REQUIRE(file->append("nt").ok());
  REQUIRE(file->close().ok());
  CHECK(base::read_file(node.shared, Node::path(1)).value() == "content");
  CHECK(node.read(1) == "none");
  CHECK(node.copies().empty());
}

TEST_CASE("a copy that cannot be read, or is gone, is none", "[local]") {
  Node node;
  node.write(1, "content");
  SECTION("it cannot be opened") {
    node.disk.fails = "open";
  }
  SECTION("somebody has deleted it") {
    REQUIRE(node.memory.remove_file(node.copy_path()).ok());
  }
  SECTION("all of it has been deleted") {
    REQUIRE(base::remove_tree(node.memory, "/local").ok());
  }
  SECTION("it is cut off within its header") {
    auto file = node.memory.create(node.copy_path()).value();
    REQUIRE(file->append("weir").ok());
  }
  CHECK(node.read(1) == "none");
  CHECK(node.log.lines.size() == 1);
  node.disk.fails = "";
  CHECK(node.read(1) == "none");  // it is not tried again
  CHECK(node.log.lines.size() == 1);
}

TEST_CASE("the copy of another checkpoint is none, though it has the same size", "[local]") {
  Node node;
  node.write(1, "older..");
  const Bytes older = base::read_file(node.memory, node.copy_path()).value();
  node.write(2, "newer..");
  node.local.remove(node.local.on_completed(CheckpointId{2}));
  {
    auto file = node.memory.create(node.copy_path()).value();
    REQUIRE(file->append(older).ok());
  }
  CHECK(node.read(2) == "none");
  CHECK(node.copies().empty());
}

TEST_CASE("the copy of another run is none", "[local]") {
  Node node;
  node.write(1, "content");
  const Bytes bytes = base::read_file(node.memory, node.copy_path()).value();
  LocalState other{node.directory, "run-2", node.log};
  {
    auto file = other.create(node.shared, CheckpointId{1}, Node::path(1)).value();
    REQUIRE(file->append("content").ok());
    REQUIRE(file->close().ok());
  }
  REQUIRE(other.open(Node::path(1)) != nullptr);
  {
    auto file = node.memory.create("/local/weir-local-me/2-chk-1-counts-0").value();
    REQUIRE(file->append(bytes).ok());
  }
  CHECK(other.open(Node::path(1)) == nullptr);
}

TEST_CASE("a copy that cannot be deleted is said once", "[local]") {
  Node node;
  node.write(1, "content");
  node.disk.fails = "remove";
  node.local.remove({node.copy_path()});
  node.local.remove({node.copy_path()});
  CHECK(node.log.lines.size() == 1);
  node.disk.fails = "";
  node.local.remove({"/local/weir-local-me/gone"});
  CHECK(node.log.lines.size() == 1);
}

TEST_CASE("a checkpoint that cannot be written has no copy", "[local]") {
  Node node;
  const auto file = node.local.create(node.shared, CheckpointId{9}, kPlace + "9/counts-0");
  CHECK(file.status().code() == ErrorCode::not_found);
  CHECK(node.copies().empty());
}

TEST_CASE("the directory of a process goes with it, or is deleted by the next one", "[local]") {
  MemoryEnv disk;
  const auto names = [&] {
    std::vector<std::string> all;
    for (const DirectoryEntry& entry : disk.list("/local").value()) all.push_back(entry.name);
    return all;
  };
  using Names = std::vector<std::string>;
  LocalDirectory living{disk, "/local", "living"};
  living.clean();  // there is no root yet
  CHECK(living.new_path("a").value() == "/local/weir-local-living/1-a");
  CHECK(living.new_path("a").value() == "/local/weir-local-living/2-a");
  {
    LocalDirectory dead{disk, "/local", "dead"};
    auto file = disk.create(dead.new_path("a").value()).value();
    REQUIRE(file->append("left").ok());
  }
  REQUIRE(disk.create_directory("/local/other").ok());
  CHECK(names() == Names{"other", "weir-local-dead", "weir-local-living"});
  LocalDirectory next{disk, "/local", "next"};
  next.clean();
  CHECK(names() == Names{"other", "weir-local-living"});
  living.remove();
  CHECK(names() == Names{"other"});
  next.remove();  // it has none
  CHECK(next.new_path("a").ok());
}

TEST_CASE("a name that is taken does not stop a process", "[local]") {
  MemoryEnv disk;
  REQUIRE(disk.create_directories("/local/weir-local-me").ok());
  LocalDirectory mine{disk, "/local", "me"};
  CHECK(mine.new_path("a").value() == "/local/weir-local-me.1/1-a");
}
