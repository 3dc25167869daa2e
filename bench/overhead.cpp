// What checkpoints of a job with little state cost it: throughput with one each second, with ten
// each second, and without any. What one costs shows only where there are very many.
#include "bench/harness.hpp"
#include "bench/keys.hpp"

#include <weir/weir.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace {

using namespace std::chrono_literals;

constexpr int kParallelism = 2;
constexpr weir::Duration kOften = 5ms;
constexpr double kSubtasks = 2 * kParallelism;  // sources and counts; sinks are in their chains

/// Where counts go: a stream must end somewhere.
class Nowhere final : public weir::Writer<std::pair<std::uint64_t, std::int64_t>> {
public:
  void write(const std::pair<std::uint64_t, std::int64_t>&) override {}
};

struct Course {
  double seconds = 0;
  std::uint64_t checkpoints = 0;
};

Course run(const bench::Options& options, weir::Duration every, const std::string& directory) {
  const auto records = options.sized<std::uint64_t>(60'000'000, 1'000'000);
  weir::Job job{"overhead", {.parallelism = kParallelism}};
  job.options().checkpoint = {.every = every, .storage = directory};
  job.source("keys", bench::key_source(1'000, records))
      .key_by(std::identity{})
      .count("counts", weir::EmitResults::at_end)
      .sink("nowhere",
            weir::make_sink([](const weir::WriterContext&) { return std::make_unique<Nowhere>(); },
                            weir::Delivery::repeatable));
  Course course;
  course.seconds = bench::seconds([&] { course.checkpoints = bench::run(job).checkpoints; });
  return course;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "Throughput of a job with little state and checkpoints.");
  const bench::TemporaryDirectory directory{options};
  const auto records = options.sized<double>(60, 1);  // in millions
  Course without;
  bench::Figures each;  // microseconds of a checkpoint and subtask
  const auto measure = [&](weir::Duration every) {
    return [&, every] {
      const Course course = run(options, every, directory.path());
      if (every == weir::Duration{}) without = course;
      if (every == kOften && course.checkpoints > 1)
        each.push_back((course.seconds - without.seconds) * 1e6 /
                       (static_cast<double>(course.checkpoints) * kSubtasks));
      return records / course.seconds;
    };
  };
  const auto figures = bench::interleave(
      options.repetitions(5), {measure({}), measure(1s), measure(100ms), measure(kOften)});
  bench::print_ratio("little state, checkpoint every second: throughput", "M/s", figures[1],
                     figures[0], 0.98);
  bench::print_ratio("little state, checkpoint every 100 ms: throughput", "M/s", figures[2],
                     figures[0], 0.90);
  if (!options.quick)
    bench::print_figure("a checkpoint: time of the job for each subtask", "us", each);
}
