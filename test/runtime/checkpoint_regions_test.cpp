// Which parts of a job a checkpoint may do without.
#include "runtime/job/checkpoint_regions.hpp"

#include <weir/operator_state.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::runtime;
using Catch::Contains;

namespace {

testing::ReplayLog<int> numbers{{1, 2, 3}};
testing::TransactionLog<int> ints;
testing::TransactionLog<std::pair<int, std::int64_t>> counts;

JobOptions options(FailoverStrategy failover = FailoverStrategy::region) {
  return {.parallelism = 3, .checkpoint = {.regional = {.enabled = true}}, .failover = failover};
}

CheckpointRegions regions_of(const Job& job) {
  return checkpoint_regions(Plan::build(job.graph(), 0));
}

template <class State>
class Keeps final : public Process<int, int> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<int>& out) override { out(n); }

private:
  State kept_{*this, "kept"};
};

template <class State>
CheckpointRegions with_state() {
  Job job{"keeps", options()};
  job.source("numbers", numbers.source())
      .template process<Keeps<State>>("keeper")
      .sink("out", ints.sink());
  return regions_of(job);
}

}  // namespace

TEST_CASE("the regions of a job are those that restart alone", "[regional]") {
  Job job{"copy", options()};
  job.source("numbers", numbers.source()).sink("out", ints.sink());
  const CheckpointRegions found = regions_of(job);
  CHECK(found.regions.size() == 3);
  CHECK(found.why_none.empty());
  const Plan plan = Plan::build(job.graph(), 0);
  CHECK(part_names(plan, found.regions[1]) == std::set<checkpoint::PartName>{{"numbers", 1}});
}

TEST_CASE("a job of one region, or that restarts as a whole, has none", "[regional]") {
  Job job{"count", options()};
  job.source("numbers", numbers.source())
      .key_by([](int n) { return n; })
      .count("counts")
      .sink("out", counts.sink());
  CHECK(regions_of(job).regions.empty());
  CHECK_THAT(regions_of(job).why_none, Contains("they are one region"));
  Job full{"copy", options(FailoverStrategy::full)};
  full.source("numbers", numbers.source()).sink("out", ints.sink());
  CHECK(regions_of(full).regions.empty());
  CHECK_THAT(regions_of(full).why_none, Contains("failover-strategy"));
  Job silent{"copy", {.parallelism = 3}};
  silent.source("numbers", numbers.source()).sink("out", ints.sink());
  CHECK(regions_of(silent).regions.empty());
  CHECK(regions_of(silent).why_none.empty());
}

TEST_CASE("state that subtasks share when they restore it holds a job together", "[regional]") {
  CHECK(with_state<OperatorListState<int>>().regions.size() == 3);
  const CheckpointRegions lists = with_state<UnionListState<int>>();
  CHECK(lists.regions.empty());
  CHECK_THAT(lists.why_none, Contains("operator \"keeper\"") && Contains("\"kept\""));
  CHECK(with_state<BroadcastState<int, int>>().regions.empty());
}
