// Which subtasks restart together.
#include "runtime/graph/regions.hpp"

#include "base/random.hpp"

#include <weir/job.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace weir;
using namespace weir::runtime;

namespace {

using Subtasks = std::set<SubtaskId>;

testing::ReplayLog<int> numbers{{1, 2, 3}};
testing::TransactionLog<int> ints;
testing::TransactionLog<std::pair<int, std::int64_t>> counts;

Plan plan_of(const Job& job) {
  return Plan::build(job.graph(), 0);
}

/// All subtasks of vertices `from` up to `to` with one index.
Subtasks lane(std::uint32_t from, std::uint32_t to, std::uint32_t index) {
  Subtasks subtasks;
  for (std::uint32_t v = from; v <= to; ++v) subtasks.insert({VertexId{v}, index});
  return subtasks;
}

Subtasks all_of(const Plan& plan) {
  const auto subtasks = plan.subtasks();
  return {subtasks.begin(), subtasks.end()};
}

}  // namespace

TEST_CASE("a chain restarts alone", "[regions]") {
  Job job{"copy", {.parallelism = 3}};
  job.source("numbers", numbers.source()).sink("out", ints.sink());
  const Plan plan = plan_of(job);
  const Regions regions{plan};
  REQUIRE(regions.all().size() == 3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    CHECK(regions.all()[i] == lane(0, 0, i));
    CHECK(regions.of({VertexId{0}, i}) == RegionId{i});
  }
}

TEST_CASE("forward edges between vertices keep indices apart", "[regions]") {
  Job job{"union", {.parallelism = 2}};
  auto a = job.source("a", numbers.source());
  auto b = job.source("b", numbers.source());
  a.union_with(b).map("both", [](int n) { return n; }).sink("out", ints.sink());
  const Plan plan = plan_of(job);
  REQUIRE(plan.vertices().size() == 3);
  const Regions regions{plan};
  REQUIRE(regions.all().size() == 2);
  CHECK(regions.all()[0] == lane(0, 2, 0));
  CHECK(regions.all()[1] == lane(0, 2, 1));
  CHECK(regions.affected_by({{VertexId{1}, 1}}) == lane(0, 2, 1));
  CHECK(regions.affected_by({{VertexId{1}, 1}, {VertexId{0}, 0}}) == all_of(plan));
  CHECK(regions.affected_by({}).empty());
}

TEST_CASE("an exchange makes one region of everything it connects", "[regions]") {
  Job job{"count", {.parallelism = 3}};
  job.source("numbers", numbers.source())
      .key_by(std::identity{})
      .count("counts")
      .sink("out", counts.sink());
  const Plan plan = plan_of(job);
  const Regions regions{plan};
  REQUIRE(regions.all().size() == 1);
  CHECK(regions.affected_by({{VertexId{1}, 2}}) == all_of(plan));
}

TEST_CASE("a union with one exchange connects all indices", "[regions]") {
  Job job{"union", {.parallelism = 3}};
  auto a = job.source("a", numbers.source());
  auto b = job.source("b", numbers.source()).parallelism(1);
  a.union_with(b).map("both", [](int n) { return n; }).sink("out", ints.sink());
  CHECK(Regions{plan_of(job)}.all().size() == 1);
}

TEST_CASE("parts of a job that have nothing to do with each other are regions", "[regions]") {
  Job job{"two", {.parallelism = 2}};
  job.source("a", numbers.source()).sink("x", ints.sink());
  job.source("b", numbers.source())
      .key_by(std::identity{})
      .count("counts")
      .sink("y", counts.sink());
  const Plan plan = plan_of(job);
  const Regions regions{plan};
  REQUIRE(regions.all().size() == 3);
  CHECK(regions.all()[0] == lane(0, 0, 0));
  CHECK(regions.all()[1] == lane(0, 0, 1));
  CHECK(regions.all()[2].size() == 4);
}

TEST_CASE("random jobs: regions divide the subtasks, and no channel leaves one", "[regions]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    Job job{"random", {.parallelism = static_cast<int>(1 + random.below(4))}};
    const auto parts = 1 + random.below(3);
    for (std::uint64_t i = 0; i < parts; ++i) {
      const std::string n = std::to_string(i);
      auto stream = job.source("a" + n, numbers.source());
      const auto steps = random.below(4);
      for (std::uint64_t k = 0; k < steps; ++k) {
        if (random.chance(0.2)) stream = stream.rebalance();
        const std::string name = "m" + n + std::to_string(k);
        if (random.chance(0.5)) {
          stream = stream.union_with(job.source("b" + name, numbers.source())).map(name, [](int x) {
            return x;
          });
        } else {
          stream = stream.map(name, [](int x) { return x; });
        }
      }
      stream.sink("out" + n, ints.sink());
    }
    const Plan plan = plan_of(job);
    const Regions regions{plan};
    Subtasks seen;
    for (std::uint32_t r = 0; r < regions.all().size(); ++r) {
      for (const SubtaskId subtask : regions.all()[r]) {
        CHECK(seen.insert(subtask).second);
        CHECK(regions.of(subtask) == RegionId{r});
        for (const ChannelEnd& channel : plan.outputs_of(subtask))
          CHECK(regions.of(channel.peer) == RegionId{r});
      }
      // No part of a region could restart alone: from any subtask channels lead to all others.
      Subtasks reached{*regions.all()[r].begin()};
      for (bool grows = true; grows;) {
        grows = false;
        for (const SubtaskId subtask : regions.all()[r]) {
          for (const ChannelEnd& channel : plan.outputs_of(subtask)) {
            if (reached.contains(subtask) == reached.contains(channel.peer)) continue;
            reached.insert(subtask);
            reached.insert(channel.peer);
            grows = true;
          }
        }
      }
      CHECK(reached == regions.all()[r]);
    }
    CHECK(seen == all_of(plan));
  }
}
