// The Nexmark program: what it prints, and its queries in real processes whose parts die.
#include "test/nexmark/goldens.hpp"
#include "test/nexmark/lines.hpp"
#include "test/process/test_cluster.hpp"
#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <string>
#include <vector>

using namespace weir;
using test::Child;
using test::Golden;
using test::Results;
using test::WordCountRuns;

namespace {

/// A run that takes half a second if nobody dies.
std::vector<std::string> command(const Golden& golden, const WordCountRuns& folder,
                                 const std::vector<std::string>& more) {
  std::vector<std::string> words{"--final",
                                 "--query",
                                 golden.query,
                                 "--first",
                                 std::to_string(golden.first),
                                 "--events",
                                 std::to_string(golden.events),
                                 "--rate",
                                 std::to_string(2 * golden.events),
                                 "--variant",
                                 golden.is_beam ? "beam" : "sql"};
  words.insert(words.end(), more.begin(), more.end());
  return folder.command_of("nexmark", words);
}

const Golden& golden_of(const std::string& query, bool is_beam = false) {
  for (const Golden& golden : test::goldens())
    if (golden.query == query && golden.is_beam == is_beam) return golden;
  FAIL("there is no golden result of " << query << (is_beam ? " of Beam" : ""));
  return test::goldens().front();
}

}  // namespace

TEST_CASE("nexmark events are printed as Beam makes them", "[process]") {
  const auto events = test::run_to_end({test::program("nexmark"), "events", "--count", "10000"});
  CHECK(events.code == 0);
  test::LinesHash hash;
  hash.add(events.output);
  CHECK(hash.value() == 0x83ce709872fd664d);
}

TEST_CASE("nexmark says how events are asked for", "[process]") {
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"--count"},
                                                    {"--count", "-1"},
                                                    {"--count", "1x"},
                                                    {"--most", "1"},
                                                    {"--count", "1", "2"}};
  for (std::vector<std::string> words : wrong) {
    words.insert(words.begin(), {test::program("nexmark"), "events"});
    const auto ended = test::run_to_end(words);
    CHECK(ended.code == 2);
    CHECK(ended.last_line ==
          "nexmark events: it takes one flag; write --count and how many, such as 1000");
  }
}

TEST_CASE("nexmark queries are exact though their parts die at random", "[process]") {
  const auto run = [](const Golden& golden, int seed) {
    CAPTURE(golden.query, golden.is_beam, seed);
    const WordCountRuns folder;
    const auto ended = test::run_to_end(
        command(golden, folder,
                {"-p", seed % 2 == 0 ? "2" : "4", "--set",
                 std::string{"state.backend.type="} + (seed % 3 == 0 ? "hashmap" : "rocksdb"),
                 "--chaos", "kill any at random 20/s seed " + std::to_string(seed) + " times 5"}));
    INFO(ended.output);
    REQUIRE(ended.code == 0);
    test::check_golden(golden, Results::read(Env::posix(), folder.output()));
  };
  int seed = 1;
  for (const std::string query :
       {"q0", "q3", "q4", "q9", "q5", "q11", "q15", "q18", "q19", "q20", "q6", "q13"})
    run(golden_of(query), seed++);
  for (const std::string query : {"q4", "q8", "q9", "q13"}) run(golden_of(query, true), seed++);
}

TEST_CASE("nexmark windows are exact over several processes though each of them dies",
          "[process][cluster]") {
  test::TestCluster cluster{{}, "nexmark"};
  for (int i = 0; i < 2; ++i) cluster.add_worker();
  for (const std::string query : {"q5", "q11"}) {
    CAPTURE(query);
    const WordCountRuns folder;
    cluster.coordinator().forget_lines();  // of the query before
    Child submit{cluster.submit(command(golden_of(query), folder, {"-p", "2"}))};
    for (std::size_t worker = 0; worker < 2; ++worker) {
      REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
      cluster.replace_worker(worker);
      REQUIRE(cluster.coordinator().wait_for("worker lost"));
    }
    const int code = submit.wait();
    INFO(submit.last_line());
    CHECK(code == 0);
    CHECK_THAT(submit.last_line(), !Catch::Contains(" 0 restarts"));
    test::check_golden(golden_of(query), Results::read(Env::posix(), folder.output()));
  }
}

TEST_CASE("a nexmark query goes on at other parallelisms when its process is killed", "[process]") {
  const WordCountRuns folder;
  const Golden& golden = golden_of("q4");
  for (const std::string parallelism : {"1", "4"}) {
    Child child{command(golden, folder, {"-p", parallelism, "--restore", "latest"})};
    REQUIRE(child.wait_for("checkpoint completed"));
    REQUIRE(child.wait_for("checkpoint completed"));
    child.signal(SIGKILL);
    CHECK(child.wait() != 0);
  }
  const auto last = test::run_to_end(command(golden, folder, {"-p", "2", "--restore", "latest"}));
  INFO(last.output);
  REQUIRE(last.code == 0);
  test::check_golden(golden, Results::read(Env::posix(), folder.output()));
}
