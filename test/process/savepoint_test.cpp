// Savepoints with the real programs: taken, looked into, damaged, and continued from elsewhere.
#include "test/process/test_cluster.hpp"
#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <set>

using namespace weir;
using Catch::Contains;
using test::Child;
using test::Ended;
using test::run_to_end;
using test::TestCluster;
using test::WordCountRuns;

namespace fs = std::filesystem;

namespace {

Ended weir_tool(std::vector<std::string> words) {
  words.insert(words.begin(), test::program("weir"));
  return run_to_end(std::move(words));
}

std::set<std::string> files_in(const std::string& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator{directory}) names.insert(entry.path().filename());
  return names;
}

void flip_byte(const std::string& path, std::streamoff at) {
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  file.seekg(at);
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(at);
  file.put(byte);
}

/// A cluster with two workers, on which a long word count runs.
struct RunningJob {
  static constexpr int kLong = 5000;  // files of a job that no test waits for, however slow it is

  /// SAVEPOINTS in `more` stands for `target()`.
  explicit RunningJob(std::vector<std::string> more = {}, int files = 500) {
    more.insert(more.end(), {"--set", "execution.checkpointing.data-inline-threshold=0"});
    for (std::string& word : more) {
      if (const auto at = word.find("SAVEPOINTS"); at != std::string::npos)
        word.replace(at, 10, target());
    }
    cluster.add_worker();
    cluster.add_worker();
    runs.write_corpus(1, files, 100'000);
    submit.emplace(cluster.submit(runs.command(std::move(more))));
    REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  }
  Ended ask(std::vector<std::string> words) const {
    words.insert(words.end(), {"--to", cluster.place()});
    return weir_tool(std::move(words));
  }
  std::string target() const { return runs.root() + "/savepoints"; }

  TestCluster cluster;
  WordCountRuns runs;
  std::optional<Child> submit;
};

}  // namespace

TEST_CASE(
    "a job is stopped behind a savepoint and goes on from it, moved, on RocksDB, at another "
    "parallelism",
    "[process][savepoint]") {
  RunningJob job;
  const Ended taken = job.ask({"savepoint", "word-count", job.target()});
  INFO(taken.output);
  REQUIRE(taken.code == 0);
  CHECK_THAT(taken.last_line, Contains(job.target() + "/savepoint-word-count-"));
  CHECK(fs::exists(taken.last_line + "/_metadata"));

  const Ended stopped = job.ask({"stop", "word-count", "--savepoint", job.target()});
  INFO(stopped.output);
  REQUIRE(stopped.code == 0);
  CHECK(job.submit->wait() == 130);
  CHECK_THAT(job.submit->last_line(), Contains("stopped"));
  CHECK(files_in(stopped.last_line) ==
        std::set<std::string>{"_metadata", "counts-0-1.state", "counts-1-1.state"});

  const std::string moved = job.runs.root() + "/moved";
  fs::rename(stopped.last_line, moved);
  const Ended inspected = weir_tool({"inspect", moved});
  INFO(inspected.output);
  CHECK(inspected.code == 0);
  CHECK_THAT(inspected.output, Contains("job \"word-count\"") && Contains("operator \"counts\"") &&
                                   Contains("key groups") && Contains("source \"lines\"") &&
                                   Contains("sink \"out\""));
  CHECK(inspected.last_line == "all checksums are right");

  const auto last = run_to_end(
      job.runs.command({"--restore", moved, "--parallelism", "3", "--claim-mode", "claim", "--set",
                        "state.backend.type=rocksdb", "--set",
                        "execution.checkpointing.dir=" + job.runs.root() + "/elsewhere"}));
  INFO(last.output);
  REQUIRE(last.code == 0);
  job.runs.require_exact("final");
  CHECK_FALSE(fs::exists(moved));                     // claimed
  CHECK(fs::exists(taken.last_line + "/_metadata"));  // nobody's but the one who asked
}

TEST_CASE("a stop without a target saves where the job's options say", "[process][savepoint]") {
  RunningJob job{{"--set", "execution.checkpointing.savepoint-dir=SAVEPOINTS"}, RunningJob::kLong};
  const Ended stopped = job.ask({"stop", "word-count", "--savepoint"});
  INFO(stopped.output);
  REQUIRE(stopped.code == 0);
  CHECK_THAT(stopped.last_line, Contains(job.target() + "/savepoint-word-count-"));
  CHECK(fs::exists(stopped.last_line + "/_metadata"));
  CHECK(job.submit->wait() == 130);
}

TEST_CASE("a job is drained: it finishes, and its savepoint says that it is behind the end",
          "[process][savepoint]") {
  RunningJob job{{}, RunningJob::kLong};
  const Ended unclear = job.ask({"stop", "word-count", "--drain"});
  CHECK(unclear.code == 2);
  CHECK_THAT(unclear.output, Contains("--savepoint"));
  const Ended drained = job.ask({"stop", "word-count", "--savepoint", job.target(), "--drain"});
  INFO(drained.output);
  REQUIRE(drained.code == 0);
  CHECK(job.submit->wait() == 0);  // finished
  const Ended inspected = weir_tool({"inspect", drained.last_line});
  CHECK(inspected.code == 0);
  CHECK_THAT(inspected.output, Contains("DRAINED"));

  const auto again =
      run_to_end(job.runs.command({"--restore", drained.last_line, "--set",
                                   "execution.checkpointing.dir=" + job.runs.root() + "/other"}));
  INFO(again.output);
  CHECK(again.code == 0);
  CHECK_THAT(again.output, Contains("the job was drained"));
}

TEST_CASE("a native savepoint holds the files of RocksDB, and is refused when one is missing",
          "[process][savepoint]") {
  RunningJob job{{"--set", "state.backend.type=rocksdb"}};
  const Ended wrong = job.ask({"savepoint", "word-count", job.target(), "--format", "something"});
  CHECK(wrong.code == 2);
  const Ended taken = job.ask({"savepoint", "word-count", job.target(), "--format", "native"});
  INFO(taken.output);
  REQUIRE(taken.code == 0);
  const Ended stopped =
      job.ask({"stop", "word-count", "--savepoint", job.target(), "--format", "native"});
  INFO(stopped.output);
  REQUIRE(stopped.code == 0);
  CHECK(job.submit->wait() == 130);
  const Ended inspected = weir_tool({"inspect", stopped.last_line});
  CHECK(inspected.code == 0);
  CHECK_THAT(inspected.output, Contains("native (RocksDB)"));
  CHECK(inspected.last_line == "all checksums are right");

  std::string missing;
  for (const std::string& name : files_in(taken.last_line)) {
    if (name.ends_with(".sst")) missing = name;
  }
  REQUIRE_FALSE(missing.empty());
  fs::remove(taken.last_line + "/" + missing);
  const Ended damaged = weir_tool({"inspect", taken.last_line});
  CHECK(damaged.code == 1);
  CHECK_THAT(damaged.last_line, Contains(missing));
  const std::string elsewhere = "execution.checkpointing.dir=" + job.runs.root() + "/elsewhere";
  const auto refused =
      run_to_end(job.runs.command({"--restore", taken.last_line, "--set", elsewhere}));
  CHECK(refused.code == 3);
  CHECK_THAT(refused.output, Contains(missing));

  // The other one shares files with it and with checkpoints, and needs none of them.
  const std::string moved = job.runs.root() + "/moved";
  fs::rename(stopped.last_line, moved);
  fs::remove_all(taken.last_line);
  const auto last =
      run_to_end(job.runs.command({"--restore", moved, "--parallelism", "3", "--set", elsewhere}));
  INFO(last.output);
  REQUIRE(last.code == 0);
  job.runs.require_exact("final");
}

TEST_CASE("a damaged savepoint is found by inspect, with file and byte", "[process][savepoint]") {
  RunningJob job{{}, RunningJob::kLong};
  const Ended stopped = job.ask({"stop", "word-count", "--savepoint", job.target()});
  REQUIRE(stopped.code == 0);
  const std::string& path = stopped.last_line;

  const Ended entries = weir_tool({"inspect", path, "--state", "counts/accumulator"});
  REQUIRE(entries.code == 0);
  REQUIRE_THAT(entries.last_line, Contains("{\"key\":\"") && Contains("\"value\":"));
  const std::size_t begin = entries.last_line.find(":\"") + 2;
  const std::string key =
      entries.last_line.substr(begin, entries.last_line.find('"', begin) - begin);
  CHECK(weir_tool({"inspect", path, "--state", "counts/accumulator", "--key", key}).output ==
        entries.last_line + "\n");
  const Ended unknown = weir_tool({"inspect", path, "--state", "counts/none"});
  CHECK(unknown.code == 1);
  CHECK_THAT(unknown.last_line, Contains("counts/accumulator"));

  flip_byte(path + "/counts-1-1.state", 20);
  const Ended damaged = weir_tool({"inspect", path});
  CHECK(damaged.code == 1);
  CHECK_THAT(damaged.last_line, Contains("counts-1-1.state is damaged at byte 0"));
  flip_byte(path + "/_metadata", 60);
  const Ended no_metadata = weir_tool({"inspect", path});
  CHECK(no_metadata.code == 1);
  CHECK_THAT(no_metadata.last_line, Contains(path + "/_metadata"));
  CHECK(weir_tool({"inspect", path + "/none"}).code == 1);
}

TEST_CASE("who asks for a savepoint in vain hears why, and the job goes on",
          "[process][savepoint]") {
  RunningJob job{{}, 2000};  // it must not end before the last question, on a busy machine either
  const Ended nowhere = job.ask({"savepoint", "word-count"});
  CHECK(nowhere.code == 1);
  CHECK_THAT(nowhere.last_line, Contains("execution.checkpointing.savepoint-dir"));
  const Ended nobody = job.ask({"savepoint", "nobody", job.target()});
  CHECK(nobody.code == 1);
  CHECK_THAT(nobody.last_line, Contains("there is no job \"nobody\""));
  std::ofstream{job.target()} << "a file";
  const Ended no_directory = job.ask({"stop", "word-count", "--savepoint", job.target()});
  CHECK(no_directory.code == 1);
  CHECK_THAT(no_directory.last_line, Contains(job.target()) && Contains("choose a target"));
  CHECK(job.submit->wait() == 0);
  job.runs.require_exact("final");
}

TEST_CASE("a savepoint is edited with the command, and the job goes on from what it makes",
          "[process][savepoint]") {
  RunningJob job;
  const Ended stopped = job.ask({"stop", "word-count", "--savepoint", job.target()});
  INFO(stopped.output);
  REQUIRE(stopped.code == 0);
  const std::string& path = stopped.last_line;
  const std::string renamed = job.runs.root() + "/renamed";
  const std::string again = job.runs.root() + "/again";

  const Ended edited = weir_tool(
      {"edit", path, renamed, "--rename", "counts=tally", "--rename", "counts/accumulator=total"});
  INFO(edited.output);
  REQUIRE(edited.code == 0);
  CHECK(edited.last_line == renamed);
  CHECK_THAT(edited.output, Contains("renamed operator \"counts\" to \"tally\"") &&
                                Contains("renamed state \"accumulator\" of operator \"counts\""));
  const Ended inspected = weir_tool({"inspect", renamed});
  CHECK_THAT(inspected.output, Contains("operator \"tally\"") && Contains("state \"total\""));
  CHECK(inspected.last_line == "all checksums are right");
  CHECK(weir_tool({"inspect", path}).last_line == "all checksums are right");

  // The new one needs nothing of the old one.
  fs::remove_all(path);
  REQUIRE(weir_tool({"edit", renamed, again, "--rename", "tally=counts", "--rename",
                     "tally/total=accumulator"})
              .code == 0);
  const auto refused = run_to_end(job.runs.command({"--restore", renamed}));
  CHECK(refused.code == 3);
  CHECK_THAT(refused.output, Contains("no operator \"tally\""));
  const auto last = run_to_end(job.runs.command({"--restore", again, "--parallelism", "3"}));
  INFO(last.output);
  REQUIRE(last.code == 0);
  job.runs.require_exact("final");
}

TEST_CASE("who edits in vain hears why, and nothing is left behind", "[process][savepoint]") {
  RunningJob job{{}, RunningJob::kLong};
  const Ended taken = job.ask({"stop", "word-count", "--savepoint", job.target()});
  INFO(taken.output);
  REQUIRE(taken.code == 0);
  const std::string& path = taken.last_line;
  const std::string target = job.runs.root() + "/new";
  const auto edit = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"edit", path, target});
    const Ended ended = weir_tool(words);
    CHECK_FALSE(fs::exists(target));
    return ended;
  };
  const Ended unknown = edit({"--drop", "count"});
  CHECK(unknown.code == 1);
  CHECK_THAT(unknown.last_line, Contains("\"count\"; it has counts, lines, out"));
  const Ended no_name = edit({"--rename", "counts"});
  CHECK(no_name.code == 2);
  CHECK_THAT(no_name.last_line, Contains("\"counts\" is not --rename OPERATOR=NAME"));
  const Ended no_path = edit({"--take", "counts="});
  CHECK(no_path.code == 2);
  CHECK_THAT(no_path.last_line, Contains("is not --take OPERATOR=PATH"));
  const Ended twice = edit({"--rename", "counts=out"});
  CHECK(twice.code == 2);
  CHECK_THAT(twice.last_line, Contains("there would be two of operator \"out\""));
  const Ended onto = weir_tool({"edit", path, path});
  CHECK(onto.code == 1);
  CHECK_THAT(onto.last_line, Contains("exists") && Contains("name a new directory"));
  const Ended none = weir_tool({"edit", path + "/none", target});
  CHECK(none.code == 1);
  CHECK_THAT(none.last_line, Contains("is no usable checkpoint or savepoint"));
  fs::remove(path + "/counts-1-1.state");
  const Ended missing = edit({});
  CHECK(missing.code == 1);
  CHECK_THAT(missing.last_line, Contains("counts-1-1.state"));
}
