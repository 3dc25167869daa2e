// Iterations in the graph of a job: which can run, and the plan of those.
#include "runtime/graph/plan.hpp"
#include "runtime/graph/validate.hpp"

#include <weir/job.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::runtime;

namespace {

testing::ReplayLog<int> numbers{{1, 2, 3}};
testing::TransactionLog<int> output;

int less(int n) {
  return n - 1;
}
bool is_done(int n) {
  return n <= 0;
}
bool is_open(int n) {
  return n > 0;
}

/// Counts each number down to 0.
Stream<int> count_down(const Stream<int>& from, const std::string& name) {
  return from.iterate(name, [&name](const Stream<int>& in) {
    const auto next = in.map(name + "-less", less);
    return Round<int, int>{.again = next.filter(name + "-open", is_open),
                           .out = next.filter(name + "-done", is_done)};
  });
}

std::string problems_of(const Job& job) {
  const auto problems = validate(*job.graph());
  return problems.empty() ? "" : format_problems(job.name(), problems);
}

std::string rendered(const Job& job, GraphFormat format) {
  return render(Plan::build(job.graph(), 0), format);
}

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("what an iteration feeds back goes to all of its subtasks", "[iteration]") {
  Job job{"loop", {.parallelism = 2}};
  count_down(job.source("numbers", numbers.source()), "count").sink("out", output.sink());
  CHECK(problems_of(job).empty());
  const Plan plan = Plan::build(job.graph(), 0);
  CHECK(plan.has_feedback());
  REQUIRE(plan.vertices().size() == 2);  // the source, and all else in one chain
  REQUIRE(plan.edges().size() == 2);
  const PlanEdge& back = plan.edges()[1];
  CHECK(back.is_feedback);
  CHECK(back.from == back.to);
  CHECK(back.partition == detail::Partition::rebalance);
  CHECK(back.name == "count-open -> count in turn");
  const SubtaskId second{VertexId{1}, 1};
  const auto inputs = plan.inputs_of(second);
  REQUIRE(inputs.size() == 3);  // by forward from the source, and two fed back
  CHECK(inputs[0].peer == SubtaskId{VertexId{0}, 1});
  CHECK(inputs[2].peer == second);
  const auto outputs = plan.outputs_of(second);
  REQUIRE(outputs.size() == 2);
  CHECK(outputs[1].peer == second);
  CHECK(outputs[1].at_peer == ChannelIndex{2});
}

TEST_CASE("an iteration from which nothing leaves needs no round", "[iteration]") {
  Job job{"loop"};
  job.source("numbers", numbers.source()).iterate("count", [](const Stream<int>& in) {
    const auto next = in.map("less", less);
    next.filter("done", is_done).sink("out", output.sink());
    return next.filter("open", is_open);
  });
  CHECK(problems_of(job).empty());
  CHECK(Plan::build(job.graph(), 0).has_feedback());
}

TEST_CASE("drawings show what is fed back", "[iteration]") {
  Job job{"loop"};
  count_down(job.source("numbers", numbers.source()), "count").sink("out", output.sink());
  CHECK_THAT(rendered(job, GraphFormat::text), Contains("from count-open by rebalance, fed back"));
  CHECK_THAT(rendered(job, GraphFormat::dot), Contains("style=dashed"));
  CHECK_THAT(rendered(job, GraphFormat::json), Contains("\"feedback\": true"));
}

TEST_CASE("iterations that cannot run are refused with the reason", "[iteration]") {
  SECTION("one behind the other is fine") {
    Job job{"loops"};
    count_down(count_down(job.source("numbers", numbers.source()), "a"), "b")
        .sink("out", output.sink());
    CHECK(problems_of(job).empty());
  }
  SECTION("one in the other") {
    Job job{"loops"};
    job.source("numbers", numbers.source())
        .iterate("outer",
                 [](const Stream<int>& in) {
                   const auto next = count_down(in, "inner");
                   return Round<int, int>{.again = next.filter("open", is_open), .out = next};
                 })
        .sink("out", output.sink());
    CHECK_THAT(problems_of(job), Contains("\"inner\"") &&
                                     Contains("with the iteration \"outer\"") &&
                                     Contains("cannot be nested"));
  }
  SECTION("nothing of it is fed back") {
    Job job{"loop"};
    const auto in = job.source("numbers", numbers.source());
    in.iterate("count", [&in](const Stream<int>& given) {
        return Round<int, int>{.again = in.map("less", less), .out = given};
      }).sink("out", output.sink());
    CHECK_THAT(problems_of(job), Contains("which none of its records reach"));
  }
  SECTION("to everybody") {
    Job job{"loop"};
    job.source("numbers", numbers.source())
        .iterate("count",
                 [](const Stream<int>& in) {
                   return Round<int, int>{.again = in.filter("open", is_open).broadcast(),
                                          .out = in.filter("done", is_done)};
                 })
        .sink("out", output.sink());
    CHECK_THAT(problems_of(job), Contains("fed back to all of its subtasks"));
  }
  SECTION("checkpoints would not hold what goes round") {
    Job job{"loop",
            {.checkpoint = {.every = std::chrono::seconds{1},
                            .guarantee = Guarantee::at_least_once,
                            .max_concurrent = 2}}};
    count_down(job.source("numbers", numbers.source()), "count").sink("out", output.sink());
    CHECK_THAT(problems_of(job), Contains("promises at least once") &&
                                     Contains("more than one checkpoint may be under way"));
  }
  SECTION("hardly anything may go round") {
    Job job{"loop", {.network = {.batches_per_iteration = 127}}};
    count_down(job.source("numbers", numbers.source()), "count").sink("out", output.sink());
    CHECK_THAT(problems_of(job), Contains("weir.iteration.batches is below 128"));
  }
}
