// Side outputs: other records beside the main ones.
#include "runtime/graph/plan.hpp"
#include "runtime/graph/validate.hpp"

#include <weir/testing.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weir;

namespace {

/// Passes even numbers on, odd ones as text beside them.
class Parity final : public Process<int, int> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<int>& out) override {
    if (n % 2 == 0)
      out(n);
    else
      odd_(std::to_string(n));
  }
  void on_end(Emit<int>&) override { odd_("end"); }

private:
  SideOutput<std::string> odd_{*this, "odd"};
};

/// The same by key.
class KeyedParity final : public KeyedProcess<int, int, int> {
public:
  void on_record(const int& n, Ctx&, Emit<int>& out) override {
    if (n % 2 == 0)
      out(n);
    else
      odd_(std::to_string(n));
  }

private:
  SideOutput<std::string> odd_{*this, "odd"};
};

using Texts = std::vector<std::string>;

struct ParityJob {
  testing::ReplayLog<int> input{{1, 2, 3, 4, 5}};
  testing::TransactionLog<int> even;
  testing::TransactionLog<std::string> odd;

  Job job() const {
    Job job{"parity", {.checkpoint = {.every = 10ms}}};
    const auto numbers = job.source("numbers", input.source()).process<Parity>("parity");
    numbers.sink("even", even.sink());
    numbers.side<std::string>("odd").sink("odd", odd.sink());
    return job;
  }
};

template <class T>
std::vector<T> sorted(std::vector<T> all) {
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("records go to the output that they are emitted to, within a chain and between chains",
          "[side_output]") {
  for (const bool is_apart : {false, true}) {
    ParityJob parity;
    Job job{"parity", {.checkpoint = {.every = 10ms}}};
    const auto numbers = job.source("numbers", parity.input.source()).process<Parity>("parity");
    numbers.sink("even", parity.even.sink()).parallelism(is_apart ? 2 : 1);
    numbers.side<std::string>("odd").sink("odd", parity.odd.sink()).parallelism(is_apart ? 2 : 1);
    testing::Cluster cluster{{.seed = 1, .force_bytes = is_apart}};
    auto run = cluster.start(job);
    REQUIRE(run.finish());
    CHECK(sorted(parity.even.committed()) == std::vector{2, 4});
    CHECK(sorted(parity.odd.committed()) == Texts{"1", "3", "5", "end"});
  }
}

TEST_CASE("a keyed function has side outputs, whose records have its time", "[side_output]") {
  auto parity = testing::harness<int>([](const Stream<int>& numbers) {
    return numbers.key_by(std::identity{}).process<KeyedParity>("parity");
  });
  for (const int n : {1, 2, 3}) parity.push(n);
  CHECK(parity.drain() == std::vector{2});
  CHECK(parity.side<std::string>("odd") == Texts{"1", "3"});
  CHECK_THROWS_AS(parity.side<int>("odd"), std::invalid_argument);
  CHECK_THROWS_AS(parity.side<std::string>("even"), std::invalid_argument);
}

TEST_CASE("nobody need read an output", "[side_output]") {
  const testing::ReplayLog<int> input{{1, 2, 3}};
  const testing::TransactionLog<std::string> odd;
  Job job{"odd"};
  job.source("numbers", input.source())
      .process<Parity>("parity")
      .side<std::string>("odd")
      .sink("out", odd.sink());
  testing::Cluster cluster{{.seed = 1}};
  auto run = cluster.start(job);
  REQUIRE(run.finish());
  CHECK(sorted(odd.committed()) == Texts{"1", "3", "end"});
}

TEST_CASE("a side output that is not there, or of another type, is found before the start",
          "[side_output]") {
  const testing::ReplayLog<int> input{{1}};
  Job job{"parity"};
  const auto numbers = job.source("numbers", input.source()).process<Parity>("parity");
  numbers.side<int>("odd").sink("a", testing::TransactionLog<int>{}.sink());
  numbers.side<std::string>("even").sink("b", testing::TransactionLog<std::string>{}.sink());
  const auto problems = runtime::validate(*job.graph());
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].operator_name == "a");
  CHECK(problems[0].what ==
        "it reads the side output \"odd\" of \"parity\", which has none of that name and type");
  CHECK(problems[1].operator_name == "b");
}

TEST_CASE("two side outputs of one name are found before the start", "[side_output]") {
  struct Twice final : Process<int, int> {
    void on_record(const int&, const OperatorInfo&, Emit<int>&) override {}
    SideOutput<int> a{*this, "x"};
    SideOutput<int> b{*this, "x"};
  };
  Job job{"twice"};
  job.source("numbers", testing::ReplayLog<int>{{1}}.source())
      .process<Twice>("twice")
      .sink("out", testing::TransactionLog<int>{}.sink());
  const auto problems = runtime::validate(*job.graph());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].operator_name == "twice");
}

TEST_CASE("a graph shows which output is read", "[side_output]") {
  const auto plan = runtime::Plan::build(ParityJob{}.job().graph(), 128);
  CHECK(plan.edges().empty());  // all is one chain
  ParityJob parity;
  Job job{"parity"};
  job.source("numbers", parity.input.source())
      .process<Parity>("parity")
      .side<std::string>("odd")
      .rebalance()
      .sink("odd", parity.odd.sink());
  const auto apart = runtime::Plan::build(job.graph(), 128);
  CHECK(apart.edges().at(0).name == "parity:odd -> odd in turn");
  CHECK(runtime::render(apart, runtime::GraphFormat::text).find("from parity:odd by rebalance") !=
        std::string::npos);
}
