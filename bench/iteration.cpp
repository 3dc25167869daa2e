// Sends records round a circle of one subtask.
//
// Ceiling: as many records over a channel from one subtask to another, by way of the same
// operators: a round costs what a channel costs, and the circle has half of the subtasks.
#include "bench/harness.hpp"
#include "bench/numbered.hpp"

#include <weir/weir.hpp>

#include <cstdint>
#include <memory>

namespace {

struct Walk {
  std::uint64_t number = 0;
  std::uint64_t rounds = 0;  // that it still has to go
};

/// What has left.
struct Arrived {
  std::uint64_t walks = 0;
  std::uint64_t sum = 0;
  friend bool operator==(const Arrived&, const Arrived&) = default;
};

weir::Source<Walk> walks(std::uint64_t count, std::uint64_t rounds) {
  return bench::numbered(count, [rounds](std::uint64_t n) { return Walk{n, rounds}; });
}

class Adder final : public weir::Writer<Walk> {
public:
  explicit Adder(Arrived& arrived) : arrived_{arrived} {}
  void write(const Walk& walk) override {
    ++arrived_.walks;
    arrived_.sum += walk.number;
  }

private:
  Arrived& arrived_;
};

weir::Sink<Walk> adder(Arrived& arrived) {
  return weir::make_sink(
      [&arrived](const weir::WriterContext&) { return std::make_unique<Adder>(arrived); },
      weir::Delivery::repeatable);
}

Walk go(const Walk& walk) {
  return {walk.number, walk.rounds - 1};
}
bool is_far(const Walk& walk) {
  return walk.rounds != 0;
}
bool is_home(const Walk& walk) {
  return walk.rounds == 0;
}

Arrived go_round(std::uint64_t count, std::uint64_t rounds) {
  Arrived arrived;
  weir::Job job{"circle"};
  job.source("walks", walks(count, rounds))
      .iterate("circle",
               [](const weir::Stream<Walk>& in) {
                 const auto next = in.map("go", go);
                 return weir::Round<Walk, Walk>{.again = next.filter("far", is_far),
                                                .out = next.filter("home", is_home)};
               })
      .sink("adder", adder(arrived));
  bench::run(job);
  return arrived;
}

Arrived go_straight(std::uint64_t count) {
  Arrived arrived;
  weir::Job job{"line"};
  job.source("walks", walks(count, 1))
      .rebalance()
      .map("go", go)
      .filter("home", is_home)
      .sink("adder", adder(arrived));
  bench::run(job);
  return arrived;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "Records that go round, beside records that go straight on.");
  constexpr std::uint64_t kRounds = 20;
  const auto count = options.sized<std::uint64_t>(2'000'000, 100'000);
  Arrived circle;
  Arrived line;
  const double passes = static_cast<double>(count * kRounds) / 1e6;
  const auto figures = bench::interleave(
      options.repetitions(5),
      {[&] { return passes / bench::seconds([&] { circle = go_round(count, kRounds); }); },
       [&] { return passes / bench::seconds([&] { line = go_straight(count * kRounds); }); }});
  bench::require(circle == Arrived{count, count * (count - 1) / 2},
                 "not every walk came home once");
  bench::require(line.walks == count * kRounds, "not all records arrived");
  bench::print_ratio("rounds of records in a circle", "M/s", figures[0], figures[1], 0.5);
}
