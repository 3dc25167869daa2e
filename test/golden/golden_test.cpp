// What earlier versions have written can be read for ever: checkpoints and savepoints of a job lie
// in this folder, and a job of today continues from each. README.md says how they are made.
#include "base/files.hpp"
#include "base/paths.hpp"
#include "test/golden/free_job.hpp"
#include "test/golden/keyed_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <set>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::test::golden;

namespace {

const std::string kFolder = WEIR_GOLDEN;

/// Copies a directory from one file system to another, but for what only a running job needs.
void copy(Env& from, const std::string& source, Env& to, const std::string& target) {
  REQUIRE(to.create_directories(target).ok());
  for (const DirectoryEntry& entry : from.list(source).value()) {
    if (entry.name.starts_with("claim-") || entry.name == "lock") continue;
    const std::string path = base::join_path(source, entry.name);
    const std::string there = base::join_path(target, entry.name);
    if (entry.is_directory) {
      copy(from, path, to, there);
      continue;
    }
    REQUIRE(base::replace_file(to, there, base::read_file(from, path).value()).ok());
  }
}

JobOptions options_of(const std::string& kind, const std::string& directory) {
  JobOptions options{.checkpoint = {.every = 50ms, .storage = directory, .inline_threshold = 0}};
  options.parallelism = 2;
  options.restart = restart::none();
  if (kind == "inlined") options.checkpoint.inline_threshold = 20'000;
  if (kind == "rocksdb")
    options.state = {.backend = StateBackendType::rocksdb,
                     .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 0}};
  return options;
}

/// What the folders of a version hold.
const std::vector<std::string> kKinds{"inlined", "rows", "rocksdb", "savepoint"};

/// The versions of one of the jobs.
std::vector<std::string> versions(const std::string& job) {
  std::vector<std::string> names;
  for (const DirectoryEntry& entry : Env::posix().list(base::join_path(kFolder, job)).value()) {
    if (entry.is_directory) names.push_back(entry.name);
  }
  REQUIRE_FALSE(names.empty());
  return names;
}

/// Lets `make` continue from each snapshot of each version of a job, in every way; `check` looks at
/// what it has written.
template <class Log>
void continue_all(const std::string& job, Job (*make)(const Log&, JobOptions),
                  const std::function<void(const Log&)>& check) {
  for (const std::string& version : versions(job)) {
    for (const std::string& kind : kKinds) {
      for (const char* backend : {"rows", "rocksdb"}) {
        for (const int parallelism : {2, 3}) {
          CAPTURE(job, version, kind, backend, parallelism);
          testing::Cluster cluster{{.seed = 1}};
          copy(Env::posix(), kFolder + "/" + job + "/" + version + "/" + kind, cluster.disk(),
               "/chk/golden");
          Log log;
          JobOptions options = options_of(backend, "/chk");
          options.parallelism = parallelism;
          testing::StartOptions from{.restore_latest = true};
          if (kind == "savepoint") from = {.restore_path = "/chk/golden"};
          if (kind == "savepoint") options.checkpoint.storage = "/other";
          auto run = cluster.start(make(log, options), from);
          const bool has_finished = run.finish();
          INFO(run.report());
          REQUIRE(has_finished);
          check(log);
        }
      }
    }
  }
}

/// Lets it run up to its second checkpoint, and keeps that where WEIR_GOLDEN_NEW says.
template <class Log>
void write_all(const std::string& job, Job (*make)(const Log&, JobOptions)) {
  const char* name = std::getenv("WEIR_GOLDEN_NEW");
  REQUIRE(name != nullptr);
  for (const std::string& kind : kKinds) {
    testing::Cluster cluster{{.seed = 1}};
    Log log;
    auto run = cluster.start(make(log, options_of(kind, "/chk")));
    REQUIRE(run.run_until_checkpoint(2));
    std::string path = "/chk/golden";
    if (kind == "savepoint")
      path = run.savepoint("/sp").value();
    else
      REQUIRE(base::remove_tree(cluster.disk(), path + "/chk-1").ok());
    run.crash();
    const std::string target = kFolder + "/" + job + "/" + name + "/" + kind;
    CHECK_FALSE(Env::posix().stat(target).ok());  // files are only added
    copy(cluster.disk(), path, Env::posix(), target);
  }
}

}  // namespace

TEST_CASE("keyed state that earlier versions have written is continued exactly, on any backend",
          "[sim][golden]") {
  continue_all<Log>("keyed", make_job, [](const Log& log) {
    std::map<User, std::vector<Summary>> rows;
    for (const Summary& row : log.rows()) rows[row.user].push_back(row);
    const auto all = expected();
    REQUIRE(rows.size() == all.size());
    for (const auto& [user, written] : rows) {
      // Each user's go on where those before the checkpoint ended, up to the last.
      const auto& wanted = all.at(user);
      REQUIRE(written.size() < wanted.size());
      CHECK(std::equal(written.rbegin(), written.rend(), wanted.rbegin()));
    }
  });
}

TEST_CASE("state without keys and timers that earlier versions have written are continued exactly",
          "[sim][golden]") {
  continue_all<Notes>("free", make_free_job, [](const Notes& log) {
    int read = 0;
    std::vector<Note> told;
    std::set<Note> rests;  // each subtask tells them
    for (const Note& note : log.rows()) {
      read += note.kept_by == "source" ? 1 : 0;
      if (note.kept_by == "map")
        rests.insert(note);
      else if (note.kept_by != "source")
        told.push_back(note);
    }
    CHECK(read < kNumbers);
    told.insert(told.end(), rests.begin(), rests.end());
    std::sort(told.begin(), told.end());
    CHECK(told == told_at_the_end());
  });
}

TEST_CASE("write keyed state as this version does", "[.golden-write][keyed]") {
  write_all<Log>("keyed", make_job);
}

TEST_CASE("write state without keys and timers as this version does", "[.golden-write][free]") {
  write_all<Notes>("free", make_free_job);
}
