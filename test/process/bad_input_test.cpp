// Input, directories and checkpoints that are not as they should be: an error that names the thing
// and the cure, and what earlier runs have committed stays as it was.
#include "base/random.hpp"
#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>

namespace fs = std::filesystem;
using namespace weir;
using Catch::Contains;
using test::Child;
using test::run_to_end;
using test::WordCountRuns;

namespace {

/// Runs until the second checkpoint, then dies: leaves committed files and checkpoints.
void leave_half_done(const WordCountRuns& runs, const std::string& emit = "updates") {
  Child child{runs.command({"--emit", emit})};
  REQUIRE(child.wait_for("checkpoint completed checkpoint=3 "));
  child.signal(SIGKILL);
  child.wait();
}

/// The committed files and what they hold.
std::vector<std::string> committed(const WordCountRuns& runs) {
  std::vector<std::string> all;
  if (!fs::exists(runs.output())) return all;
  for (const auto& entry : fs::directory_iterator{runs.output()}) {
    if (entry.path().filename().string().starts_with("part-"))
      all.push_back(entry.path().filename().string() + ":" + std::to_string(entry.file_size()));
  }
  std::sort(all.begin(), all.end());
  return all;
}

/// Paths of the checkpoints, the newest last.
std::vector<fs::path> checkpoints(const WordCountRuns& runs) {
  std::vector<fs::path> all;
  for (const auto& entry : fs::recursive_directory_iterator{runs.checkpoints()}) {
    const fs::path directory = entry.path().parent_path();
    // One that is being deleted lies in a claim, under another name.
    if (entry.path().filename() == "_metadata" && directory.filename().string().starts_with("chk-"))
      all.push_back(directory);
  }
  const auto id = [](const fs::path& path) {
    return std::stoull(path.filename().string().substr(4));
  };
  std::sort(all.begin(), all.end(),
            [&](const fs::path& a, const fs::path& b) { return id(a) < id(b); });
  return all;
}

}  // namespace

TEST_CASE("input that is missing is named", "[process][input]") {
  WordCountRuns runs;
  const auto missing = run_to_end(runs.command({"--input", runs.root() + "/nowhere"}));
  CHECK(missing.code == 1);
  CHECK_THAT(missing.last_line, Contains("/nowhere") && Contains("check the path"));
  const auto pattern = run_to_end(runs.command({"--input", runs.root() + "/in/*.log"}));
  CHECK(pattern.code == 1);
  CHECK_THAT(pattern.last_line, Contains("no file matches") && Contains("quote it"));
  const auto empty = run_to_end(runs.command());
  CHECK(empty.code == 1);
  CHECK_THAT(empty.last_line, Contains("holds no files to read"));
}

TEST_CASE("empty files are input without words", "[process][input]") {
  WordCountRuns runs;
  runs.write_input("empty", "");
  const auto ended = run_to_end(runs.command());
  INFO(ended.output);
  CHECK(ended.code == 0);
  CHECK(runs.lines().empty());
}

TEST_CASE("a binary file is counted like any other", "[process][input]") {
  WordCountRuns runs;
  std::string binary;
  base::Random random{1};
  for (int n = 0; n < 300'000; ++n) binary += static_cast<char>(random.below(256));
  runs.write_input("binary", binary);
  REQUIRE(run_to_end(runs.command()).code == 0);
  std::vector<std::string> lines = runs.lines();
  std::sort(lines.begin(), lines.end());
  std::string actual;
  for (const std::string& line : lines) actual += line + "\n";
  const auto oracle =
      run_to_end({"sh", "-c",
                  "LC_ALL=C; export LC_ALL; tr -cs 'A-Za-z0-9_' '\\n' <" + runs.input() +
                      "/binary | sort | uniq -c | awk '$2 != \"\" { print $2 \",\" $1 }' | sort"});
  CHECK(actual == oracle.output);
}

TEST_CASE("a line of 100 MB is a line", "[process][input]") {
  WordCountRuns runs;
  constexpr std::size_t kBytes = 100'000'000;
  std::string line;
  line.reserve(kBytes);
  while (line.size() < kBytes) line += "wide ";
  runs.write_input("wide", line + "\nend\n");
  const auto ended = run_to_end(runs.command());
  INFO(ended.output);
  REQUIRE(ended.code == 0);
  std::vector<std::string> lines = runs.lines();
  std::sort(lines.begin(), lines.end());
  CHECK(lines == std::vector<std::string>{"end,1", "wide,20000000"});
}

TEST_CASE("a file that may not be read is named before anything runs", "[process][input]") {
  WordCountRuns runs;
  runs.write_corpus(1, 2, 10);
  runs.write_input("secret", "secret");
  fs::permissions(runs.input() + "/secret", fs::perms::none);
  const auto ended = run_to_end(runs.command(), {.as_nobody = true});
  INFO(ended.output);
  CHECK(ended.code == 1);
  CHECK_THAT(ended.last_line, Contains("/in/secret") && Contains("Permission denied") &&
                                  Contains("make it readable"));
  CHECK(committed(runs).empty());
}

TEST_CASE("a directory that may not be written is named before anything is read",
          "[process][input]") {
  WordCountRuns runs;
  runs.write_corpus(1, 2, 10);
  fs::create_directory(runs.root() + "/locked");
  fs::permissions(runs.root() + "/locked", fs::perms::owner_read | fs::perms::owner_exec |
                                               fs::perms::others_read | fs::perms::others_exec);
  const auto output =
      run_to_end(runs.command({"--output", runs.root() + "/locked"}), {.as_nobody = true});
  CHECK(output.code == 1);
  CHECK_THAT(output.last_line, Contains("/locked") && Contains("choose a directory"));
  const auto storage =
      run_to_end(runs.command({"--set", "execution.checkpointing.dir=" + runs.root() + "/locked"}),
                 {.as_nobody = true});
  CHECK(storage.code != 0);
  CHECK_THAT(storage.last_line, Contains("/locked") && Contains("execution.checkpointing.dir"));
}

TEST_CASE("checkpoints of another job are not this job's", "[process][restore]") {
  WordCountRuns runs;
  runs.write_corpus(1, 100, 100'000);
  leave_half_done(runs);
  const auto before = committed(runs);
  const std::string newest = checkpoints(runs).back();
  const auto other =
      run_to_end({test::program("throttled"), "run", "--records", "10", "--set",
                  "execution.checkpointing.dir=" + runs.root() + "/other", "--restore", newest});
  INFO(other.output);
  CHECK(other.code == 3);
  CHECK_THAT(other.output, Contains("counts") && Contains("--allow-non-restored-state"));
  CHECK(committed(runs) == before);
}

TEST_CASE("a checkpoint of another max parallelism is refused", "[process][restore]") {
  WordCountRuns runs;
  runs.write_corpus(1, 100, 100'000);
  leave_half_done(runs);
  const auto before = committed(runs);
  const auto ended = run_to_end(runs.command(
      {"--emit", "updates", "--restore", "latest", "--set", "pipeline.max-parallelism=64"}));
  CHECK(ended.code == 3);
  CHECK_THAT(ended.last_line, Contains("128") && Contains("64"));
  CHECK(committed(runs) == before);
  REQUIRE(run_to_end(runs.command({"--emit", "updates", "--restore", "latest"})).code == 0);
  runs.require_exact("updates");
}

TEST_CASE("a newest checkpoint that is cut off is skipped, and the one before is used",
          "[process][restore]") {
  WordCountRuns runs;
  runs.write_corpus(1, 100, 100'000);
  const auto command = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--emit", "final", "--set", "execution.checkpointing.num-retained=3"});
    return runs.command(more);
  };
  Child child{command({})};
  REQUIRE(child.wait_for("checkpoint completed checkpoint=3 "));
  child.signal(SIGKILL);
  child.wait();
  const auto all = checkpoints(runs);
  REQUIRE(all.size() >= 2);
  const fs::path metadata = all.back() / "_metadata";
  fs::resize_file(metadata, fs::file_size(metadata) / 2);
  const auto ended = run_to_end(command({"--restore", "latest"}));
  INFO(ended.output);
  CHECK(ended.code == 0);
  CHECK_THAT(ended.output, Contains(metadata.string()));
  CHECK_THAT(ended.output, Contains("continuing from " + all[all.size() - 2].string()));
  runs.require_exact("final");
}

TEST_CASE("when all checkpoints are damaged the job does not start over by itself",
          "[process][restore]") {
  WordCountRuns runs;
  runs.write_corpus(1, 100, 100'000);
  leave_half_done(runs);
  const auto before = committed(runs);
  for (const fs::path& path : checkpoints(runs)) fs::resize_file(path / "_metadata", 10);
  const auto ended = run_to_end(runs.command({"--emit", "updates", "--restore", "latest"}));
  INFO(ended.output);
  CHECK(ended.code == 3);
  CHECK_THAT(ended.last_line, Contains("_metadata") || Contains(runs.checkpoints()));
  CHECK(committed(runs) == before);
}

namespace {

/// Whether a small file system can be mounted here, in a mount namespace of its own.
bool can_mount() {
  if (run_to_end({"unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "none", "/mnt"})
          .code == 0)
    return true;
  WARN("no small file system can be mounted here: not tested");
  return false;
}

/// Runs a command twice: with `small` on a disk of this size, then with room on it. Keeps what the
/// output has in the end, since the disk goes away with the script. Returns what both have said.
std::string run_on_small_disk(const WordCountRuns& runs, const std::string& small,
                              const std::string& size, const std::vector<std::string>& command) {
  std::string run;
  for (const std::string& word : command) run += "'" + word + "' ";
  const std::string script = "mount -t tmpfs -o size=" + size + " none " + small + " && { " + run +
                             "; echo \"first: $?\"; mount -o remount,size=200m " + small + "; " +
                             run + "; echo \"second: $?\"; mkdir -p " + runs.root() +
                             "/kept; cp -a " + runs.output() + "/. " + runs.root() + "/kept/; }";
  const auto ended = run_to_end({"unshare", "--mount", "--map-root-user", "sh", "-c", script});
  for (const auto& entry : fs::directory_iterator{runs.root() + "/kept"})
    fs::copy(entry.path(), runs.output(), fs::copy_options::overwrite_existing);
  return ended.output;
}

const std::vector<std::string> kOneRestart{"--emit",    "updates",
                                           "--restore", "latest",
                                           "--set",     "restart-strategy.type=fixed-delay",
                                           "--set",     "restart-strategy.fixed-delay.attempts=1",
                                           "--set",     "restart-strategy.fixed-delay.delay=1ms"};

}  // namespace

TEST_CASE("a disk that is full fails the job, and nothing is lost when there is room again",
          "[process][input]") {
  if (!can_mount()) return;
  WordCountRuns runs;
  runs.write_corpus(1, 100, 100'000);
  fs::create_directory(runs.output());
  const std::string said = run_on_small_disk(runs, runs.output(), "2m", runs.command(kOneRestart));
  INFO(said);
  CHECK_THAT(said, Contains("No space left on device"));
  CHECK_THAT(said, Contains("first: 1"));
  CHECK_THAT(said, Contains("second: 0"));
  runs.require_exact("updates");
}

TEST_CASE("on a cluster a full disk of checkpoints fails the job, and nothing is lost",
          "[process][cluster][input]") {
  if (!can_mount()) return;
  WordCountRuns runs;
  runs.write_corpus(1, 20, 100'000);
  std::vector<std::string> command = runs.command(kOneRestart);
  command.insert(command.end(), {"--processes", "2"});
  fs::create_directories(runs.checkpoints());
  const std::string said = run_on_small_disk(runs, runs.checkpoints(), "16k", command);
  INFO(said);
  CHECK_THAT(said, Contains("No space left on device"));
  CHECK_THAT(said, Contains("first: 1"));
  CHECK_THAT(said, Contains("second: 0"));
  runs.require_exact("updates");
}
