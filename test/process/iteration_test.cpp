// Records that go round in real processes: killed, continued at another parallelism, and spread
// over several.
#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <set>
#include <string>
#include <vector>

#include "examples/collatz/collatz.hpp"

using namespace weir;
using test::Child;
using test::WordCountRuns;

namespace {

std::vector<std::string> command(const WordCountRuns& folder, int last,
                                 std::vector<std::string> more) {
  more.insert(more.end(), {"--last", std::to_string(last)});
  return folder.command_of("collatz", more);
}

/// Requires one line for each number, with the steps that it takes.
void require_exact(const WordCountRuns& folder, int last) {
  std::set<std::string> lines;
  for (const std::string& line : folder.lines()) REQUIRE(lines.insert(line).second);
  REQUIRE(lines.size() == static_cast<std::size_t>(last));
  for (std::int64_t number = 1; number <= last; ++number) {
    collatz::Walk walk{number, number, 0};
    while (walk.at != 1) walk = collatz::step(walk);
    CAPTURE(number, walk.steps);
    REQUIRE(lines.contains(std::to_string(number) + "," + std::to_string(walk.steps)));
  }
}

}  // namespace

TEST_CASE("numbers that go round when a process is killed go on in the next", "[process]") {
  constexpr int kLast = 300'000;
  const WordCountRuns folder;
  int deaths = 0;
  for (const std::string parallelism : {"2", "3", "1"}) {
    Child child{command(folder, kLast,
                        {"-p", parallelism, "--restore", "latest", "--set",
                         "execution.checkpointing.unaligned.enabled=" +
                             std::string{parallelism == "3" ? "true" : "false"}})};
    child.wait_for("checkpoint completed");
    child.signal(SIGKILL);
    deaths += child.wait() == 0 ? 0 : 1;
  }
  CHECK(deaths >= 2);
  const auto last = test::run_to_end(command(folder, kLast, {"-p", "2", "--restore", "latest"}));
  INFO(last.output);
  REQUIRE(last.code == 0);
  require_exact(folder, kLast);
}

TEST_CASE("an iteration that is spread over processes ends in all of them", "[process]") {
  constexpr int kLast = 1000;
  for (int run = 0; run < 3; ++run) {
    const WordCountRuns folder;
    const auto ended = test::run_to_end(command(folder, kLast, {"-p", "4", "--processes", "2"}));
    INFO(ended.output);
    REQUIRE(ended.code == 0);
    require_exact(folder, kLast);
  }
}
