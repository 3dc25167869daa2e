// Jobs out of libraries, on a cluster that was not started with them.
#include "test/process/test_cluster.hpp"
#include "test/process/word_count_runs.hpp"
#include "test/support/free_port.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace weir;
using Catch::Contains;
using test::Child;
using test::run_to_end;
using test::TestCluster;
using test::WordCountRuns;

namespace fs = std::filesystem;

namespace {

constexpr const char* kLoaded = "library of a job loaded";
constexpr const char* kFetched = "library of a job is fetched";

std::string library(const std::string& name) {
  return WEIR_LIBRARIES "/lib" + name + ".so";
}

std::vector<std::string> kept_in(const std::string& directory) {
  return {"--set", "weir.jobs.library-dir=" + directory};
}

/// Turns a submission of the program into one of the library.
std::vector<std::string> out_of(const std::string& path, std::vector<std::string> submit) {
  submit.at(0) = test::program("weir");
  submit.insert(submit.begin() + 2, {"--library", path});
  return submit;
}

/// The tool's processes, each with a cache of its own, within the folder of `runs`.
class LibraryCluster : public TestCluster {
public:
  explicit LibraryCluster(const WordCountRuns& runs, const std::vector<std::string>& more = {})
      : TestCluster{with(kept_in(runs.root() + "/cache"), more), "weir"}, root_{runs.root()} {}

  /// Starts a worker with a cache that may be there already.
  std::size_t add(const std::string& cache, const std::vector<std::string>& more = {}) {
    return add_worker(with(kept_in(cache_of(cache)), more));
  }
  std::string cache_of(const std::string& name) const { return root_ + "/cache-" + name; }

private:
  static std::vector<std::string> with(std::vector<std::string> words,
                                       const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::string root_;
};

void require_finished(Child& submit) {
  const int code = submit.wait();
  INFO(submit.output());
  REQUIRE(code == 0);
}

std::string content_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// Writes a copy of a library, which `change` has changed.
template <class Change>
std::string copy_of(const std::string& name, const std::string& to, Change change) {
  std::string content = content_of(library(name));
  change(content);
  std::ofstream{to, std::ios::binary} << content;
  return to;
}

std::size_t lines_in(const WordCountRuns& runs) {
  std::size_t lines = 0;
  for (const auto& entry : fs::directory_iterator{runs.input()}) {
    const std::string content = content_of(entry.path());
    lines += static_cast<std::size_t>(std::count(content.begin(), content.end(), '\n'));
    if (!content.ends_with('\n')) ++lines;
  }
  return lines;
}

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator{directory})
    names.push_back(entry.path().filename());
  return names;
}

}  // namespace

TEST_CASE("one cluster runs jobs of two libraries, one after the other and together",
          "[process][library]") {
  WordCountRuns home;
  LibraryCluster cluster{home};
  cluster.add("0", {"--slots", "2"});
  cluster.add("1", {"--slots", "2"});
  for (int round = 1; round <= 2; ++round) {
    WordCountRuns words;
    words.write_corpus(static_cast<std::uint64_t>(round), 3, 50'000);
    WordCountRuns lines;
    lines.write_corpus(static_cast<std::uint64_t>(round) + 10, 3, 50'000);
    const auto of_words = out_of(library("word_count_job"), cluster.submit(words.command()));
    const auto of_lines = out_of(library("line_count_job"), cluster.submit(lines.command()));
    Child first{of_words};
    if (round == 1) require_finished(first);
    Child second{of_lines};
    if (round == 2) require_finished(first);
    require_finished(second);
    words.require_exact("final");
    CHECK(lines.lines() == std::vector{"lines," + std::to_string(lines_in(lines))});
  }
  // Each was sent to each process once.
  for (Child* process : {&cluster.coordinator(), &cluster.worker(0), &cluster.worker(1)}) {
    CHECK(process->count_of(kFetched) == 2);
    CHECK(process->count_of(kLoaded) == 2);
  }
}

TEST_CASE("two versions of a job in one process do not meet", "[process][library]") {
  WordCountRuns home;
  LibraryCluster cluster{home};
  cluster.add("0", {"--slots", "2"});
  for (const auto& [name, word] :
       {std::pair{"line_count_job", "lines,"}, std::pair{"line_count_job_2", "rows,"}}) {
    WordCountRuns runs;
    runs.write_corpus(1, 1, 10'000);
    const auto ended = run_to_end(out_of(library(name), cluster.submit(runs.command())));
    INFO(ended.output);
    REQUIRE(ended.code == 0);
    CHECK(runs.lines() == std::vector{word + std::to_string(lines_in(runs))});
  }
}

TEST_CASE("a new worker with an empty cache goes on with the job of one that was killed",
          "[process][library]") {
  WordCountRuns runs;
  runs.write_corpus(1, 30, 100'000);
  LibraryCluster cluster{runs};
  cluster.add("0");
  cluster.add("1");
  Child submit{out_of(library("word_count_job"), cluster.submit(runs.command()))};
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  cluster.worker(0).signal(SIGKILL);
  cluster.worker(0).wait();
  const std::size_t next = cluster.add("2");
  REQUIRE(cluster.worker(next).wait_for(kFetched));
  REQUIRE(cluster.worker(next).wait_for(kLoaded));
  require_finished(submit);
  runs.require_exact("final");
}

TEST_CASE("a worker or a client that dies while a library is sent leaves nothing half done",
          "[process][library]") {
  WordCountRuns runs;
  runs.write_corpus(1, 2, 20'000);
  LibraryCluster cluster{runs};
  cluster.add("0");
  cluster.add("1");
  // Large enough that it takes many parts.
  const std::string large = copy_of("word_count_job", runs.root() + "/large.so",
                                    [](std::string& content) { content.append(64 << 20, 'x'); });
  const auto command = out_of(large, cluster.submit(runs.command()));
  {
    const Child client{command};
    REQUIRE(cluster.coordinator().wait_for(kFetched));
  }  // killed
  Child submit{command};
  REQUIRE(cluster.worker(0).wait_for(kFetched));
  cluster.worker(0).signal(SIGKILL);
  cluster.worker(0).wait();
  CHECK(files_in(cluster.cache_of("0")).size() <= 1);
  cluster.add("0");
  require_finished(submit);
  runs.require_exact("final");
  for (const std::string& name : files_in(cluster.cache_of("0"))) CHECK(name.ends_with(".so"));
}

TEST_CASE("a library that was damaged is fetched again by the next process", "[process][library]") {
  WordCountRuns runs;
  const std::string damage = GENERATE(std::string{"cut"}, std::string{"other"});
  for (const bool is_damaged : {false, true}) {
    LibraryCluster cluster{runs};
    cluster.add("0", {"--slots", "2"});
    WordCountRuns job;
    job.write_corpus(1, 1, 10'000);
    const auto ended = run_to_end(out_of(library("word_count_job"), cluster.submit(job.command())));
    INFO(ended.output);
    REQUIRE(ended.code == 0);
    job.require_exact("final");
    for (Child* process : {&cluster.coordinator(), &cluster.worker(0)}) {
      CHECK(process->count_of(kFetched) == 1);
      CHECK(process->count_of("a library is damaged") == (is_damaged ? 1 : 0));
    }
    for (const std::string& cache : {runs.root() + "/cache", cluster.cache_of("0")}) {
      const auto names = files_in(cache);
      REQUIRE(names.size() == 1);
      const std::string path = cache + "/" + names[0];
      if (damage == "cut") fs::resize_file(path, fs::file_size(path) / 2);
      if (damage == "other") std::ofstream{path} << "other";
    }
  }
}

TEST_CASE("a job out of a library outlives its coordinator", "[process][library][failover]") {
  WordCountRuns runs;
  runs.write_corpus(1, 30, 100'000);
  fs::create_directory(runs.root() + "/leader");
  const std::vector<std::string> store{
      "--set",       "high-availability.type=directory",
      "--set",       "high-availability.storageDir=" + runs.root() + "/leader",
      "--set",       "high-availability.directory.heartbeat-interval=200ms",
      "--set",       "high-availability.directory.takeover-timeout=2s",
      "--log-level", "info"};
  const auto with_store = [&](std::vector<std::string> words) {
    words.insert(words.end(), store.begin(), store.end());
    return words;
  };
  const auto coordinator = [&] {
    return with_store({test::program("weir"), "coordinator", "--listen",
                       "127.0.0.1:" + std::to_string(test::free_port())});
  };
  Child leader{coordinator()};
  REQUIRE(leader.wait_for("coordinator listens on"));
  Child standby{coordinator()};
  REQUIRE(standby.wait_for("stands by"));
  std::vector<std::string> worker = with_store({test::program("weir"), "worker", "--slots", "2"});
  for (const std::string& word : kept_in(runs.root() + "/worker")) worker.push_back(word);
  Child works{worker};
  REQUIRE(works.wait_for("joined the cluster"));
  std::vector<std::string> words = runs.command();
  words.at(1) = "submit";
  Child submit{out_of(library("word_count_job"), with_store(words))};
  REQUIRE(leader.wait_for("checkpoint completed"));
  leader.signal(SIGKILL);
  REQUIRE(standby.wait_for("goes on with a job"));
  require_finished(submit);
  runs.require_exact("final");
  CHECK(standby.count_of(kLoaded) == 1);
  CHECK(standby.count_of(kFetched) == 0);  // it is where all coordinators find it
}

TEST_CASE("the flags of a job come out of its library", "[process][library][cli]") {
  const std::string weir = test::program("weir");
  const std::string words = library("word_count_job");
  const auto help = run_to_end({weir, "submit", "--library", words, "--help"});
  CHECK(help.code == 0);
  CHECK_THAT(help.output, Contains("Counts the words of text files, exactly once.") &&
                              Contains("--input") && Contains("--emit") && Contains("--detach"));
  const auto general = run_to_end({weir, "submit", "--help"});
  CHECK(general.code == 0);
  CHECK_THAT(general.output, Contains("--library") && !Contains("--emit"));
  CHECK_THAT(run_to_end({weir, "--help"}).output,
             Contains("coordinator") && Contains("worker") && Contains("submit"));
  struct Case {
    std::vector<std::string> words;
    std::string says;
  };
  const std::vector<Case> cases{
      {{"submit"}, "--library is required"},
      {{"submit", "--library=" + words, "--to", "127.0.0.1:1", "--output", "x"},
       "--input is required"},
      {{"submit", "--library", words, "--inputt", "x"}, "did you mean --input?"},
      {{"submit", "--library", words, "--input", "i", "--output", "o", "--emit", "all"}, "--emit"},
      {{"submit", "--library", words, "--input", "i", "--output", "o"}, "--to is required"},
  };
  for (const Case& c : cases) {
    std::vector<std::string> command{weir};
    command.insert(command.end(), c.words.begin(), c.words.end());
    CAPTURE(command);
    const auto ended = run_to_end(command);
    CHECK(ended.code == 2);
    CHECK_THAT(ended.output, Contains(c.says));
  }
}

TEST_CASE("a file that is no library for this engine is refused before it is sent",
          "[process][library][input]") {
  WordCountRuns runs;
  const std::string& root = runs.root();
  std::ofstream{root + "/text"} << "no library\n";
  const std::string other = copy_of("word_count_job", root + "/other.so", [](std::string& content) {
    const std::size_t at = content.find("Weir 0.");
    REQUIRE(at != std::string::npos);
    content[at + 5] = '9';
  });
  const std::string cut = copy_of("word_count_job", root + "/cut.so",
                                  [](std::string& content) { content.resize(1'000); });
  struct Case {
    std::string file;
    std::string says;
  };
  const std::vector<Case> cases{
      {root + "/missing.so", "missing.so"},
      {root + "/text", "it is no ELF file"},
      {cut, "it is cut short"},
      {test::program("weir"), "it has no job in it"},
      {other, "it was made for another engine: it needs \"Weir 9."},
      {library("unresolved_job"), "weir_test_that_nobody_defines"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.file);
    const auto ended =
        run_to_end({test::program("weir"), "submit", "--library", c.file, "--to", "127.0.0.1:1"});
    CHECK(ended.code == 2);
    CHECK_THAT(ended.last_line, Contains("--library") && Contains(c.file) && Contains(c.says));
  }
}

TEST_CASE("a cluster refuses what it does not take, and says why", "[process][library][input]") {
  WordCountRuns runs;
  runs.write_corpus(1, 1, 1'000);
  const std::string words = library("word_count_job");
  const auto submit = [&](const TestCluster& cluster, const std::string& what) {
    const auto ended = run_to_end(out_of(words, cluster.submit(runs.command())));
    INFO(ended.output);
    CHECK(ended.code != 0);
    CHECK_THAT(ended.last_line, Contains(what));
  };
  SECTION("a library that is too large") {
    const LibraryCluster cluster{runs, {"--set", "weir.jobs.library-max-size=1kb"}};
    submit(cluster, "and up to 1.0 KiB are allowed; strip it, or raise weir.jobs.library-max-size");
  }
  SECTION("any library") {
    const LibraryCluster cluster{runs, {"--set", "weir.jobs.allow-libraries=false"}};
    submit(cluster, "takes no libraries: weir.jobs.allow-libraries is false");
  }
  SECTION("any library, on a worker") {
    LibraryCluster cluster{runs};
    cluster.add("0", {"--slots", "2", "--set", "weir.jobs.allow-libraries=false"});
    submit(cluster, "worker w0: the cluster takes no libraries");
  }
  SECTION("a library, by programs") {
    TestCluster cluster;
    submit(cluster, "start coordinator and workers with `weir`");
  }
  SECTION("a job that is in no library") {
    const LibraryCluster cluster{runs};
    const auto ended = run_to_end(cluster.submit(runs.command()));
    CHECK(ended.code != 0);
    CHECK_THAT(ended.last_line, Contains("weir submit --library FILE"));
  }
  SECTION("a job whose code throws") {
    const LibraryCluster cluster{runs};
    const auto ended = run_to_end(
        out_of(library("line_count_job"), cluster.submit(runs.command({"--output", "nowhere"}))));
    CHECK(ended.code == 1);
    CHECK_THAT(ended.last_line, Contains("could not be built: there is no such place"));
  }
}

TEST_CASE("a place for libraries that cannot be written is named at the start",
          "[process][library][input]") {
  WordCountRuns runs;
  const std::string locked = runs.root() + "/locked";
  fs::create_directory(locked);
  fs::permissions(locked, fs::perms::owner_read | fs::perms::others_read | fs::perms::others_exec);
  const std::string weir = test::program("weir");
  for (const std::vector<std::string>& role :
       {std::vector<std::string>{weir, "coordinator", "--listen", "127.0.0.1:0"},
        std::vector<std::string>{weir, "worker", "--join", "127.0.0.1:1"}}) {
    for (const std::string& directory : {locked, locked + "/below"}) {
      CAPTURE(role, directory);
      std::vector<std::string> words = role;
      for (const std::string& word : kept_in(directory)) words.push_back(word);
      const auto ended = run_to_end(words, {.as_nobody = true});
      CHECK(ended.code == 1);
      CHECK_THAT(ended.last_line, Contains(locked) && Contains("set weir.jobs.library-dir"));
    }
  }
}
