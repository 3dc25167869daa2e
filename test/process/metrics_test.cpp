// Metrics of real jobs, read as those who collect them do.
#include "test/process/child.hpp"
#include "test/process/test_cluster.hpp"
#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using Catch::Contains;
using test::Child;
using test::run_to_end;
using test::WordCountRuns;

namespace {

/// Reads what `child` has said is there.
std::string read_metrics(const Child& child) {
  const std::string said = "metrics at ";
  const std::string output = child.output();
  const std::size_t begin = output.find(said);
  REQUIRE(begin != std::string::npos);
  const std::string url =
      output.substr(begin + said.size(), output.find('\n', begin) - begin - said.size());
  const auto read = run_to_end(
      {"python3", "-c",
       "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())",
       url});
  INFO(read.output);
  REQUIRE(read.code == 0);
  return read.output;
}

}  // namespace

TEST_CASE("a run lets others read its metrics", "[process][metrics]") {
  WordCountRuns runs;
  runs.write_corpus(1, 5000, 100'000);  // no test waits for its end
  Child child{runs.command({"--metrics", "127.0.0.1:0", "--log-level", "info"})};
  REQUIRE(child.wait_for("checkpoint completed"));
  REQUIRE(child.wait_for("checkpoint completed"));
  CHECK_THAT(read_metrics(child),
             Contains("weir_job_state{job=\"word-count\",state=\"running\"} 1") &&
                 Contains("weir_job_lastCompletedCheckpointId") &&
                 Contains("weir_task_stateSize{job=\"word-count\",task=\"counts\",subtask=\"0\"}"));
}

TEST_CASE("a job on several processes has its metrics in one place", "[process][metrics]") {
  WordCountRuns runs;
  runs.write_corpus(1, 5000, 100'000);  // no test waits for its end
  Child child{
      runs.command({"--processes", "2", "--metrics", "127.0.0.1:0", "--log-level", "info"})};
  REQUIRE(child.wait_for("checkpoint completed"));
  REQUIRE(child.wait_for("checkpoint completed"));
  const std::string metrics = read_metrics(child);
  for (const std::string subtask : {"0", "1"})
    CHECK_THAT(metrics, Contains("task=\"counts\",subtask=\"" + subtask + "\"}"));
}

TEST_CASE("a place that is taken is named before the job begins", "[process][metrics]") {
  WordCountRuns runs;
  runs.write_corpus(1, 1, 10);
  const auto ended = run_to_end(runs.command({"--metrics", "192.0.2.1:9"}));
  CHECK(ended.code == 1);
  CHECK_THAT(ended.last_line, Contains("--metrics 192.0.2.1:9: nobody can listen there"));
}

TEST_CASE("a cluster knows the metrics of a job while it runs", "[process][cluster][metrics]") {
  test::TestCluster cluster;
  cluster.add_worker();
  cluster.add_worker();
  WordCountRuns runs;
  runs.write_corpus(1, 5000, 100'000);  // no test waits for its end
  Child submit{cluster.submit(runs.command())};
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  const auto shown = [&](const std::string& job) {
    return run_to_end({test::program("weir"), "metrics", job, "--to", cluster.place()});
  };
  CHECK_THAT(shown("word-count").output,
             Contains("weir_job_state{job=\"word-count\",job_id=\"1\",state=\"running\"} 1") &&
                 Contains("weir_job_lastCompletedCheckpointId"));
  CHECK(shown("nobody").code == 1);
  CHECK(run_to_end({test::program("weir"), "cancel", "1", "--to", cluster.place()}).code == 0);
  submit.wait();
  const auto ended = shown("1");
  CHECK(ended.code == 1);
  CHECK_THAT(ended.output, Contains("has ended"));
}
