// What earlier versions have written can be read for ever: checkpoints and savepoints of a job lie
// in this folder, and a job of today continues from each. README.md says how they are made.
#include "base/files.hpp"
#include "base/paths.hpp"
#include "checkpoint/savepoints/rows.hpp"
#include "state/channel_state.hpp"
#include "test/golden/channels_job.hpp"
#include "test/golden/free_job.hpp"
#include "test/golden/keyed_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
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
    const bool is_transient =
        entry.name.starts_with("claim-") || entry.name == "lock" || entry.name == "changelog";
    if (is_transient) continue;
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
  if (kind == "rows") options.state.changelog.enabled = true;
  if (kind == "inlined") options.checkpoint.inline_threshold = 20'000;
  if (kind == "rocksdb")
    options.state = {.backend = StateBackendType::rocksdb,
                     .rocksdb = {.memory_bytes = 8 << 20, .row_cache_bytes = 0}};
  return options;
}

/// What the folders of a version hold; a savepoint has no records that were overtaken.
std::vector<std::string> kinds_of(const std::string& job) {
  std::vector<std::string> kinds{"inlined", "rows", "rocksdb", "savepoint"};
  if (job == "channels") kinds.pop_back();
  return kinds;
}

/// The versions of one of the jobs.
std::vector<std::string> versions(const std::string& job) {
  std::vector<std::string> names;
  for (const DirectoryEntry& entry : Env::posix().list(base::join_path(kFolder, job)).value()) {
    if (entry.is_directory) names.push_back(entry.name);
  }
  REQUIRE_FALSE(names.empty());
  return names;
}

savepoints::Opened open(const std::string& folder, const std::string& kind) {
  const std::string path = kind == "savepoint" ? folder : folder + "/chk-2";
  auto opened = savepoints::open_savepoint(Env::posix(), path);
  REQUIRE(opened.ok());
  return std::move(opened).value();
}

/// Lets `make` continue from each snapshot of each version of a job, in every way; `check` looks at
/// what it has written.
template <class Log>
void continue_all(const std::string& job, Job (*make)(const Log&, JobOptions),
                  const std::function<void(const Log&, const savepoints::Opened&)>& check) {
  for (const std::string& version : versions(job)) {
    for (const std::string& kind : kinds_of(job)) {
      for (const char* backend : {"rows", "rocksdb"}) {
        for (const int parallelism : {2, 3}) {
          CAPTURE(job, version, kind, backend, parallelism);
          testing::Cluster cluster{{.seed = 1}};
          const std::string folder = kFolder + "/" + job + "/" + version + "/" + kind;
          copy(Env::posix(), folder, cluster.disk(), "/chk/golden");
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
          check(log, open(folder, kind));
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
  for (const std::string& kind : kinds_of(job)) {
    testing::Cluster cluster{{.seed = 1}};
    slow_machine = &cluster;
    Log log;
    auto run = cluster.start(make(log, options_of(kind, "/chk")));
    REQUIRE(run.run_until_checkpoint(2));
    slow_machine = nullptr;
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
  continue_all<Log>("keyed", make_job, [](const Log& log, const auto&) {
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
  continue_all<Notes>("free", make_free_job, [](const Notes& log, const auto&) {
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

namespace {

/// Records that a checkpoint holds as overtaken.
std::size_t overtaken_in(const savepoints::Opened& opened) {
  std::size_t records = 0;
  for (const auto& part : opened.metadata.parts) {
    for (const state::ChannelStateHandle& handle : part.state.channels) {
      auto reader = state::open_batches(Env::posix(), opened.directory, handle);
      REQUIRE(reader.ok());
      const Status status = state::for_each_batch(handle, *reader, [&](std::string_view bytes) {
        records += detail::PlainEdge<Note>{}.decode(bytes)->size();
        return Status{};
      });
      REQUIRE(status.ok());
    }
  }
  return records;
}

/// Records that its sources had not read.
std::size_t unread_in(const savepoints::Opened& opened) {
  std::size_t records = 0;
  for (const auto& part : opened.metadata.parts) {
    for (const auto& source : part.state.sources) {
      for (const auto& split : source.splits) {
        ByteReader in{split.position.value()};
        const auto next = decode<std::uint64_t>(in);  // every other one is of this split
        records += (kParcels - next + 1) / 2;
      }
    }
  }
  return records;
}

}  // namespace

TEST_CASE("records that barriers of earlier versions have overtaken are handled once",
          "[sim][golden]") {
  std::set<state::ChannelSide> sides;
  continue_all<Notes>(
      "channels", make_channels_job, [&](const Notes& log, const savepoints::Opened& opened) {
        for (const auto& part : opened.metadata.parts) {
          for (const auto& handle : part.state.channels) sides.insert(handle.side);
        }
        std::map<std::string, std::vector<int>> numbers;
        for (const Note& note : log.rows()) numbers[note.kept_by].push_back(note.number);
        REQUIRE(numbers.size() == kKeys);
        for (auto& [key, written] : numbers) {
          std::sort(written.begin(), written.end());
          CHECK(std::adjacent_find(written.begin(), written.end()) == written.end());
          CHECK(written.back() == (kParcels - std::stoi(key) + kKeys - 1) / kKeys);
        }
        CHECK(log.rows().size() == overtaken_in(opened) + unread_in(opened));
      });
  CHECK(sides.size() == 2);  // otherwise nothing has been tried
}

TEST_CASE("write keyed state as this version does", "[.golden-write][keyed]") {
  write_all<Log>("keyed", make_job);
}

TEST_CASE("write state without keys and timers as this version does", "[.golden-write][free]") {
  write_all<Notes>("free", make_free_job);
}

TEST_CASE("write records that barriers overtake as this version does",
          "[.golden-write][channels]") {
  write_all<Notes>("channels", make_channels_job);
}
