// What the program says and returns.
#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace weir;
using Catch::Contains;
using test::Child;
using test::run_to_end;
using test::WordCountRuns;

TEST_CASE("wrong usage is 2 and names the cure; nothing is touched", "[process][cli]") {
  WordCountRuns runs;
  runs.write_input("a", "a b a\n");
  struct Case {
    std::vector<std::string> more;
    std::string says;
  };
  const std::vector<Case> cases{
      {{"--inptu", "x"}, "there is no flag --inptu; did you mean --input?"},
      {{"--emit", "never"}, "--emit"},
      {{"--parallelism", "0"}, "--parallelism"},
      {{"--progress", "loud"}, "\"loud\" is none of auto|none|plain"},
      {{"--set", "execution.checkpointing.intervall=1s"},
       "did you mean execution.checkpointing.interval?"},
      {{"--set", "execution.checkpointing.interval=soon"}, "soon"},
      {{"--set", "nonsense"}, "expected KEY=VALUE"},
      {{"--config", "/does/not/exist.yaml"}, "/does/not/exist.yaml"},
      {{"--chaos", "hug counts/0"}, "expected \"kill VICTIM"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.more);
    const auto ended = run_to_end(runs.command(c.more));
    CHECK(ended.code == 2);
    CHECK_THAT(ended.output, Contains(c.says));
  }
  CHECK(run_to_end({"ls", "-A", runs.root()}).output == "in\n");
  const auto nobody = run_to_end(runs.command({"--chaos", "kill nobody/0 after 3 records"}));
  CHECK(nobody.code == 2);
  CHECK_THAT(nobody.last_line, Contains("there is no \"nobody/0\" to kill; there are lines/0"));
}

TEST_CASE("a job that finishes is 0, and is not run again when continued", "[process][cli]") {
  WordCountRuns runs;
  runs.write_corpus(1, 2, 1000);
  const auto first = run_to_end(runs.command({"--restore", "latest"}));
  CHECK(first.code == 0);
  CHECK_THAT(first.output, Contains("there is no checkpoint yet: starting from the beginning"));
  runs.require_exact("final");
  const auto again = run_to_end(runs.command({"--restore", "latest"}));
  CHECK(again.code == 0);
  CHECK_THAT(again.last_line, Contains("has finished already"));
  runs.require_exact("final");
  const auto fresh = run_to_end(runs.command());
  CHECK(fresh.code == 1);
  CHECK_THAT(fresh.last_line, Contains("holds results of another run"));
  runs.require_exact("final");
}

TEST_CASE("a job that fails is 1, with the reason as the last line", "[process][cli]") {
  WordCountRuns runs;
  runs.write_corpus(1, 40, 100'000);
  const auto ended = run_to_end(runs.command({"--set", "restart-strategy.type=none", "--chaos",
                                              "kill counts/1 at checkpoint 2 completed"}));
  CHECK(ended.code == 1);
  CHECK_THAT(ended.last_line, Contains("the job failed: subtask counts/1"));
  CHECK_THAT(ended.output, Contains("continue with --restore latest"));
  CHECK(run_to_end(runs.command({"--restore", "latest"})).code == 0);
  runs.require_exact("final");
}

TEST_CASE("an interrupt ends the job behind a last checkpoint", "[process][cli]") {
  WordCountRuns runs;
  runs.write_corpus(1, 300, 100'000);  // many times as much as is read until the interrupt
  const auto [emit, signal] =
      GENERATE(table<std::string, int>({{"final", SIGINT}, {"updates", SIGTERM}}));
  Child child{runs.command({"--emit", emit})};
  REQUIRE(child.wait_for("checkpoint completed"));
  child.signal(signal);
  const int code = child.wait();
  INFO(child.output());
  REQUIRE(code == 130);
  CHECK_THAT(child.output(), Contains("interrupt again to end at once"));
  CHECK_THAT(child.last_line(), Contains("continue with --restore latest"));
  const auto last = run_to_end(runs.command({"--emit", emit, "--restore", "latest"}));
  CHECK_THAT(last.output, Contains("continuing from " + runs.checkpoints()));
  REQUIRE(last.code == 0);
  runs.require_exact(emit);
}

TEST_CASE("a second interrupt ends a job at once that does not get to its last checkpoint",
          "[process][cli]") {
  // Its sink takes 200 records a second: the last barrier would be minutes behind them.
  Child child{{test::program("throttled"), "run", "--records", "1000000", "--rate", "200", "--set",
               "execution.checkpointing.interval=1h", "--progress", "none"}};
  REQUIRE(child.wait_for("took the first record"));
  child.signal(SIGINT);
  REQUIRE(child.wait_for("interrupt again to end at once"));
  child.signal(SIGINT);
  CHECK(child.wait() == 130);
  CHECK_THAT(child.output(), Contains("cancelled"));
}

TEST_CASE("a job that takes no checkpoints ends at the first interrupt and promises none",
          "[process][cli]") {
  Child child{{test::program("throttled"), "run", "--records", "1000000", "--rate", "200",
               "--progress", "none"}};
  REQUIRE(child.wait_for("took the first record"));
  child.signal(SIGINT);
  CHECK(child.wait() == 130);
  CHECK_THAT(child.output(), Contains("cancelled"));
  CHECK_THAT(child.output(), !Contains("checkpoint;") && !Contains("--restore"));
}

TEST_CASE("the graph is shown without anything being read or written", "[process][cli]") {
  WordCountRuns runs;
  for (const char* format : {"text", "dot", "json"}) {
    const auto ended = run_to_end({test::program("word_count"), "graph", "--input", "/nowhere",
                                   "--output", runs.output(), "--format", format});
    CHECK(ended.code == 0);
    CHECK_THAT(ended.output, Contains("counts"));
  }
  CHECK(run_to_end({"ls", "-A", runs.root()}).output == "in\n");
}
