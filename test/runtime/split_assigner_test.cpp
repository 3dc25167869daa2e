// Which subtask of a source gets which splits, and when.
#include "runtime/job/split_assigner.hpp"

#include "test/runtime/numbered_splits.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

using namespace weir;
using namespace weir::runtime;
using test::splits;

TEST_CASE("splits are handed out on request, each once, the last ones singly", "[splits]") {
  SplitAssigner assigner{"s", {}, {0, 1, 2}, splits(200)};
  std::set<std::string> seen;
  std::size_t largest = 0;
  std::size_t last = 0;
  for (std::uint32_t i = 0;; ++i) {
    const auto answer = assigner.request(i % 3);
    if (answer.no_more) break;
    for (const auto& split : answer.splits) CHECK(seen.insert(split.split.id).second);
    largest = std::max(largest, answer.splits.size());
    last = answer.splits.size();
  }
  CHECK(seen.size() == 200);
  CHECK(largest > 10);
  CHECK(last == 1);
}

TEST_CASE("large splits are handed out alone", "[splits]") {
  SplitAssigner assigner{"s", {}, {0, 1}, splits(50, 10 << 20)};
  CHECK(assigner.request(0).splits.size() == 1);
}

TEST_CASE("endless splits are all spread at once", "[splits]") {
  SplitAssigner assigner{"s", {.assignment = Assignment::spread}, {0, 1}, splits(5)};
  CHECK(assigner.remaining().all->size() == 5);
  const auto first = assigner.request(0);
  CHECK(first.splits.size() == 3);
  CHECK(first.no_more);
  CHECK(assigner.remaining().all->size() == 2);  // the share of the other subtask
  CHECK(assigner.request(0).splits.empty());     // asked twice
  CHECK(assigner.request(1).splits.size() == 2);
  CHECK(assigner.remaining().all->empty());
}

TEST_CASE("no split is kept for a subtask that has finished", "[splits]") {
  SplitAssigner assigner{"s", {.assignment = Assignment::spread}, {1, 3}, splits(5)};
  CHECK(assigner.request(3).splits.size() == 2);
  CHECK(assigner.remaining().all->size() == 3);
  CHECK(assigner.request(1).splits.size() == 3);
  CHECK(assigner.remaining().all->empty());
  const SplitAssigner drained{"s", {.assignment = Assignment::spread}, {}, splits(5)};
  CHECK(drained.remaining().all->size() == 5);  // all had ended before these were read
}

TEST_CASE("what remains is what was not handed out", "[splits]") {
  SplitAssigner assigner{"s", {}, {0}, splits(100, 100 << 20)};
  (void)assigner.request(0);
  const auto remaining = assigner.remaining();
  (void)assigner.request(0);
  CHECK(remaining.next == 1);
  CHECK(remaining.all->size() == 100);
}
