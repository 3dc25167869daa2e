// Two inputs without keys, of which one is a union, and both have records of the same stream: each
// record comes by the input that it was on its way to, whoever dies and at any parallelism.
#include "base/random.hpp"
#include "test/support/random_plans.hpp"

#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;

namespace {

/// By which input a number came, 1 or 2.
using Row = std::pair<int, int>;

class ByInput final : public CoProcess<int, int, Row> {
public:
  explicit ByInput(const testing::Cluster* cluster) : cluster_{cluster} {}

  void on_first(const int& n, const OperatorInfo&, Emit<Row>& out) override { pass({1, n}, out); }
  void on_second(const int& n, const OperatorInfo&, Emit<Row>& out) override { pass({2, n}, out); }

private:
  void pass(Row row, Emit<Row>& out) {
    if (cluster_ != nullptr) cluster_->take_time(20us);
    out(row);
  }

  const testing::Cluster* cluster_;  // null: it takes no time
};

std::vector<int> range(int begin, int end) {
  std::vector<int> numbers;
  for (int n = begin; n < end; ++n) numbers.push_back(n);
  return numbers;
}

/// The operators have the names of the victims of kills.
struct UnkeyedJob {
  explicit UnkeyedJob(int rows = 300, testing::Pace pace = {3, 10ms})
      : numbers{range(0, rows), 4, pace}, others{range(rows, 2 * rows), 3, pace} {}

  /// `readers` is the parallelism of what has two inputs; 0: the job's.
  Job job(JobOptions options, int readers = 0, const testing::Cluster* slow_on = nullptr) const {
    if (options.checkpoint.every == Duration{}) options.checkpoint.every = 50ms;
    options.checkpoint.tolerable_failures = 1000;
    options.restart = restart::fixed_delay({.attempts = 1000, .delay = 10ms});
    Job job{"unkeyed", options};
    const SourceOptions spread{.assignment = Assignment::spread};
    const auto some = job.source("numbers", numbers.source(spread));
    some.union_with(job.source("others", others.source(spread)))
        .connect(some.rebalance())
        .process<ByInput>("counts", slow_on)
        .parallelism(readers)
        .sink("out", output.sink());
    return job;
  }

  void check() const {
    std::vector<Row> expected;
    for (const int n : numbers.rows()) {
      expected.emplace_back(1, n);
      expected.emplace_back(2, n);
    }
    for (const int n : others.rows()) expected.emplace_back(1, n);
    std::sort(expected.begin(), expected.end());
    std::vector<Row> rows = output.committed();
    std::sort(rows.begin(), rows.end());
    CHECK(rows == expected);
    CHECK(output.pending() == 0);
  }

  testing::ReplayLog<int> numbers;
  testing::ReplayLog<int> others;
  testing::TransactionLog<Row> output;
};

}  // namespace

TEST_CASE("two inputs without keys: any kills leave each record once at its input",
          "[sim][connected][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) {
    return test::require_exact_under_random_kills(seed, [] { return UnkeyedJob{}; });
  });
}

TEST_CASE("two inputs without keys: overtaken records come back by the input they were on to",
          "[sim][connected][swarm]") {
  std::uint64_t overtaken = 0;
  test::for_each_seed(16, [&](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    testing::Cluster cluster{{.seed = seed, .force_bytes = seed % 2 == 0}};
    const UnkeyedJob both{1500, {5, 20us}};
    const auto lives = test::require_finish_in_overtaking_lives(cluster, random, "unkeyed", [&] {
      const int readers = random.chance(0.5) ? 0 : 1 + static_cast<int>(random.below(4));
      return both.job(test::overtaking_options(random), readers, &cluster);
    });
    both.check();
    overtaken += lives.overtaken;
    return lives.figures;
  });
  CHECK(overtaken > 0);
}
