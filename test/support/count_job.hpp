// A job that counts numbers per key, with an oracle: the workhorse of scenario tests.
#pragma once

#include <weir/testing.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

namespace weir::test {

using Count = std::pair<int, std::int64_t>;

/// numbers -> count per key -> log. At the default pace it runs for 400 ms of virtual time, eight
/// checkpoints long.
struct CountJob {
  struct Shape {
    int rows = 600;
    int keys = 7;
    std::size_t partitions = 3;
    testing::Pace pace = {.rows_per_poll = 5, .pause = std::chrono::milliseconds{10}};
  };

  /// Sources that hardly pause: records overtake the barriers of other channels all the time.
  static Shape busy() {
    return {.rows = 3000, .pace = {.rows_per_poll = 5, .pause = std::chrono::microseconds{20}}};
  }

  explicit CountJob(Shape s) : shape{s}, input{numbers(s.rows), s.partitions, s.pace} {}
  CountJob() : CountJob(Shape{}) {}

  Job job(JobOptions options = {}) const {
    if (options.parallelism == 1) options.parallelism = 2;
    if (options.checkpoint.every == Duration{})
      options.checkpoint.every = std::chrono::milliseconds{50};
    if (!options.restart)
      options.restart =
          restart::fixed_delay({.attempts = 1000, .delay = std::chrono::milliseconds{10}});
    Job job{"count", options};
    job.source("numbers", input.source())
        .key_by([keys = shape.keys](int n) { return n % keys; })
        .count("counts")
        .sink("out", output.sink());
    return job;
  }

  std::map<int, std::vector<std::int64_t>> committed() const {
    std::map<int, std::vector<std::int64_t>> by_key;
    for (const auto& [key, count] : output.committed()) by_key[key].push_back(count);
    for (auto& [key, counts] : by_key) std::sort(counts.begin(), counts.end());
    return by_key;
  }

  std::size_t expected(int key) const {
    return static_cast<std::size_t>((shape.rows - key + shape.keys - 1) / shape.keys);
  }

  /// Exactly once: each key's counts are 1, 2, ... n, each once; and nothing is left behind.
  void check_exactly_once() const {
    check_rows();
    CHECK(output.pending() == 0);
  }

  /// The same, but somebody who is out of reach may have left transactions that are not visible.
  void check_rows() const {
    const auto by_key = committed();
    REQUIRE(by_key.size() == static_cast<std::size_t>(shape.keys));
    for (const auto& [key, counts] : by_key) {
      REQUIRE(counts.size() == expected(key));
      for (std::size_t i = 0; i < counts.size(); ++i)
        REQUIRE(counts[i] == static_cast<std::int64_t>(i) + 1);
    }
  }

  /// At least once: nothing is missing, and no key counts too little.
  void check_at_least_once() const {
    const auto by_key = committed();
    REQUIRE(by_key.size() == static_cast<std::size_t>(shape.keys));
    for (const auto& [key, counts] : by_key) {
      REQUIRE(counts.size() >= expected(key));
      REQUIRE(counts.back() >= static_cast<std::int64_t>(expected(key)));
    }
  }

  static std::vector<int> numbers(int n) {
    std::vector<int> all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }

  Shape shape;
  testing::ReplayLog<int> input;
  testing::TransactionLog<Count> output;
};

/// Runs to the end; a job that does not finish says how it stands.
inline void require_finish(testing::Run& run) {
  const bool finished = run.finish();
  INFO(run.report());
  REQUIRE(finished);
}

}  // namespace weir::test
