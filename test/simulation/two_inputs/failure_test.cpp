// User functions with two inputs that throw: the failure names the operator and what was thrown.
#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>

using namespace weir;

namespace {

/// Throws when it has seen a number of this input.
class Bomb final : public KeyedCoProcess<int, int, int, int> {
public:
  explicit Bomb(int input) : input_{input} {}
  void on_first(const int&, Ctx&, Emit<int>&) override { burn(1); }
  void on_second(const int&, Ctx&, Emit<int>&) override { burn(2); }

private:
  void burn(int input) const {
    if (input == input_) throw std::runtime_error{"input " + std::to_string(input) + " burns"};
  }
  int input_;
};

}  // namespace

TEST_CASE("what a function of either input throws fails the job by name", "[sim][connected]") {
  for (const int input : {1, 2}) {
    testing::Cluster cluster;
    const testing::ReplayLog<int> numbers{{1, 2, 3}};
    testing::TransactionLog<int> log;
    Job job{"bomb", {.restart = restart::none()}};
    const auto key = [](int n) { return n; };
    job.source("numbers", numbers.source())
        .key_by(key)
        .connect(job.source("others", numbers.source()).key_by(key))
        .process<Bomb>("bomb", input)
        .sink("out", log.sink());
    auto run = cluster.start(job);
    CHECK_FALSE(run.finish());
    CHECK_THAT(run.report(), Catch::Contains("bomb") &&
                                 Catch::Contains("input " + std::to_string(input) + " burns"));
  }
}
