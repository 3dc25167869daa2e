// Counts the last digits of the numbers below 10,000, on threads and in simulation, and checks that
// each of the ten occurs 1,000 times.
#include <weir/testing.hpp>
#include <weir/weir.hpp>

#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

namespace {

using Count = std::pair<std::int64_t, std::int64_t>;

weir::Job count_digits(const weir::Sink<Count>& sink) {
  weir::Job job{"count-digits", {.parallelism = 2}};
  job.source("numbers", weir::generator::sequence(0, 10'000))
      .key_by([](std::int64_t n) { return n % 10; })
      .count("counts", weir::EmitResults::at_end)
      .sink("out", sink);
  return job;
}

bool is_right(const std::vector<Count>& counts) {
  std::int64_t digits = 0;
  for (const auto& [digit, count] : counts) {
    std::printf("%lld: %lld\n", static_cast<long long>(digit), static_cast<long long>(count));
    if (count != 1'000) return false;
    digits += digit;
  }
  return counts.size() == 10 && digits == 45;
}

}  // namespace

int main() {
  const weir::testing::TransactionLog<Count> on_threads;
  auto run = weir::run_local(count_digits(on_threads.sink()));
  if (!run.ok() || run->wait().end != weir::JobEnd::finished || !is_right(on_threads.committed())) {
    std::puts("wrong on threads");
    return 1;
  }

  const weir::testing::TransactionLog<Count> in_simulation;
  weir::testing::Cluster cluster;
  if (!cluster.start(count_digits(in_simulation.sink())).finish() ||
      !is_right(in_simulation.committed())) {
    std::puts("wrong in simulation");
    return 1;
  }
  std::puts("right");
}
