// State in RocksDB with the real program on a real disk: checkpoints share files, whoever continues
// finds them, and damage is named.
#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace weir;
using Catch::Contains;
using test::Child;
using test::run_to_end;
using test::WordCountRuns;

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kOnRocksDb{
    "--set", "state.backend.type=rocksdb",
    "--set", "execution.checkpointing.num-retained=3",
    "--set", "execution.checkpointing.data-inline-threshold=0"};

std::vector<std::string> on_rocksdb(std::vector<std::string> more) {
  more.insert(more.begin(), kOnRocksDb.begin(), kOnRocksDb.end());
  return more;
}

/// Complete checkpoints, the newest one last.
std::vector<fs::path> checkpoints_of(const WordCountRuns& runs) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator{runs.checkpoints() + "/word-count"}) {
    if (fs::exists(entry.path() / "_metadata")) found.push_back(entry.path());
  }
  const auto number = [](const fs::path& path) {
    return std::stoull(path.filename().string().substr(4));
  };
  std::sort(found.begin(), found.end(),
            [&](const fs::path& a, const fs::path& b) { return number(a) < number(b); });
  return found;
}

std::vector<fs::path> tables_in(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator{directory}) {
    if (entry.path().extension() == ".sst") files.push_back(entry.path());
  }
  return files;
}

/// A run that was killed when it had several checkpoints.
struct KilledRun {
  KilledRun() {
    runs.write_corpus(3, 500, 100'000);
    Child child{runs.command(on_rocksdb({}))};
    REQUIRE(child.wait_for("checkpoint completed checkpoint=4 "));
    child.signal(SIGKILL);
    REQUIRE(child.wait() == 128 + SIGKILL);
    checkpoints = checkpoints_of(runs);
    REQUIRE_FALSE(checkpoints.empty());
  }

  WordCountRuns runs;
  std::vector<fs::path> checkpoints;
};

/// A disk of its own size, as far as this user may have one.
class SmallDisk {
public:
  SmallDisk(std::string path, const std::string& size) : path_{std::move(path)} {
    fs::create_directories(path_);
    is_mounted_ = mount({"-t", "tmpfs", "-o", "size=" + size, "tmpfs"});
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (is_mounted_) run_to_end({"/bin/umount", "-l", path_});
  }

  bool is_mounted() const { return is_mounted_; }
  void resize(const std::string& size) { REQUIRE(mount({"-o", "remount,size=" + size})); }
  const std::string& path() const { return path_; }

private:
  bool mount(std::vector<std::string> words) const {
    words.insert(words.begin(), "/bin/mount");
    words.push_back(path_);
    return run_to_end(std::move(words)).code == 0;
  }

  std::string path_;
  bool is_mounted_ = false;
};

}  // namespace

TEST_CASE("checkpoints on RocksDB share files, and any of them restores", "[process][rocksdb]") {
  const KilledRun run;
  REQUIRE(run.checkpoints.size() >= 3);  // one more may be about to be deleted
  std::size_t shared = 0;
  REQUIRE_FALSE(tables_in(run.checkpoints.back()).empty());
  for (const fs::path& checkpoint : run.checkpoints) {  // the first may have come before any word
    for (const fs::path& table : tables_in(checkpoint)) shared += fs::hard_link_count(table) - 1;
  }
  CHECK(shared > 0);

  const std::string newest = run.checkpoints.back();
  const auto inspected = run_to_end({test::program("weir"), "inspect", newest});
  INFO(inspected.output);
  CHECK(inspected.code == 0);
  CHECK_THAT(inspected.output, Contains("RocksDB"));
  CHECK(inspected.last_line == "all checksums are right");
  const auto entries =
      run_to_end({test::program("weir"), "inspect", newest, "--state", "counts/accumulator"});
  CHECK(entries.code == 0);
  CHECK_THAT(entries.last_line, Contains("{\"key\":\"") && Contains("\"value\":"));

  const auto no_room = run_to_end({"/usr/bin/env", "TMPDIR=/nowhere", test::program("weir"),
                                   "inspect", newest, "--state", "counts/accumulator"});
  CHECK(no_room.code == 1);
  CHECK_THAT(no_room.last_line, Contains("TMPDIR names another place"));

  const std::string backend = GENERATE("rocksdb", "hashmap");
  const auto last = run_to_end(run.runs.command(
      {"--restore", "latest", "--parallelism", "3", "--set", "state.backend.type=" + backend}));
  INFO(last.output);
  REQUIRE(last.code == 0);
  run.runs.require_exact("final");
}

TEST_CASE("a damaged file of RocksDB is named, and the checkpoint before it restores",
          "[process][rocksdb]") {
  const KilledRun run;
  REQUIRE(run.checkpoints.size() >= 2);
  const fs::path& newest = run.checkpoints.back();
  const fs::path table = tables_in(newest).back();
  {
    // A file of its own, so that no other checkpoint is damaged.
    const std::string copy = table.string() + ".copy";
    fs::copy_file(table, copy);
    fs::rename(copy, table);
    std::fstream file{table, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(100);
    file.put(static_cast<char>(0xaa));
    file.put(static_cast<char>(0x55));
  }
  const auto inspected = run_to_end({test::program("weir"), "inspect", newest});
  CHECK(inspected.code == 1);
  CHECK_THAT(inspected.last_line, Contains(table.string() + " is damaged"));

  const auto refused = run_to_end(run.runs.command(on_rocksdb({"--restore", "latest"})));
  INFO(refused.output);
  CHECK(refused.code == 3);
  CHECK_THAT(refused.output, Contains(table.string() + " is damaged"));

  fs::remove_all(newest);
  const auto last = run_to_end(run.runs.command(on_rocksdb({"--restore", "latest"})));
  INFO(last.output);
  REQUIRE(last.code == 0);
  run.runs.require_exact("final");
}

TEST_CASE("a checkpoint whose file is missing is passed over", "[process][rocksdb]") {
  const KilledRun run;
  REQUIRE(run.checkpoints.size() >= 2);
  fs::remove(tables_in(run.checkpoints.back()).back());
  const auto last = run_to_end(run.runs.command(on_rocksdb({"--restore", "latest"})));
  INFO(last.output);
  CHECK_THAT(last.output, Contains("skipping a damaged checkpoint"));
  REQUIRE(last.code == 0);
  run.runs.require_exact("final");
}

TEST_CASE("a local disk without room fails a subtask, and the job goes on when there is some",
          "[process][rocksdb]") {
  const std::string size = GENERATE("8k", "200k");  // nothing can be opened; little can be written
  CAPTURE(size);
  WordCountRuns runs;
  runs.write_corpus(5, 300, 100'000);
  SmallDisk disk{runs.root() + "/disk", size};
  if (!disk.is_mounted()) {
    WARN("this user may not mount a disk");
    return;
  }
  std::vector<std::string> command = runs.command(on_rocksdb({}));
  command.insert(command.begin(), {"/usr/bin/env", "TMPDIR=" + disk.path()});
  Child child{command};
  REQUIRE(child.wait_for("taskmanager.state.local.root-dirs names another"));
  CHECK_THAT(child.output(), Contains("the state in " + disk.path()) && Contains("No space left"));
  disk.resize("100m");
  const int code = child.wait();
  INFO(child.output());
  REQUIRE(code == 0);
  runs.require_exact("final");
}
