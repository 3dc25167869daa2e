#include "test/simulation/cluster/cluster_jobs.hpp"

#include "test/support/count_job.hpp"
#include "test/support/word_count_output.hpp"

#include "examples/word_count/word_count.hpp"

using namespace std::chrono_literals;

namespace weir::test {
namespace {

constexpr testing::Pace kPace{.rows_per_poll = 5, .pause = 100ms};

std::vector<int> every_second(int first, int rows) {
  std::vector<int> numbers;
  for (int n = first; n < rows; n += 2) numbers.push_back(n);
  return numbers;
}

}  // namespace

ClusterJob simple_job(const JobOptions& options) {
  const CountJob count{{.pace = kPace}};
  return {[count, options] { return count.job(options); }, [count](Env&) { count.check_rows(); }};
}

ClusterJob wide_job(const JobOptions& options) {
  const CountJob count{{.pace = kPace}};
  const testing::ReplayLog<int> evens{every_second(0, count.shape.rows), 2, kPace};
  const testing::ReplayLog<int> odds{every_second(1, count.shape.rows), 3, kPace};
  const auto build = [=] {
    Job job{"wide", options};
    auto left = job.source("evens", evens.source());
    auto right = job.source("odds", odds.source());
    left.union_with(right)
        .rebalance()
        .map("copies", [](int n) { return n; })
        .parallelism(1)
        .key_by([keys = count.shape.keys](int n) { return n % keys; })
        .count("counts")
        .sink("out", count.output.sink());
    return job;
  };
  return {build, [count](Env&) { count.check_rows(); }};
}

ClusterJob words_job(const JobOptions& options) {
  std::vector<std::string> lines;
  WordCounts expected;
  for (int i = 0; i < 600; ++i) {
    const std::string rare = "w" + std::to_string(i % 13);
    lines.push_back("often " + rare);
    ++expected["often"];
    ++expected[rare];
  }
  const testing::ReplayLog<std::string> input{lines, 3, kPace};
  const auto build = [=] {
    Job job{"words", options};
    job.source("lines", input.source())
        .flat_map("words", word_count::split)
        .key_by(std::identity{})
        .count("counts")
        .sink("out", files::csv<word_count::Count>("/out"));
    return job;
  };
  return {build, [expected](Env& disk) { check_updates(disk, expected, true); }};
}

}  // namespace weir::test
