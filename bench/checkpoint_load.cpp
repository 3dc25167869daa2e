// Counts ten million keys with a checkpoint every second, and without.
//
// Only what comes after the keys are all there is measured. A pause is the longest time between two
// looks at the clock by the counting operator, 64 records apart: whatever keeps it from its records
// shows, be it the engine, the memory or another thread on its core. The job without checkpoints
// says how long that is anyway.
#include "bench/harness.hpp"
#include "bench/keys.hpp"
#include "bench/tally.hpp"

#include <weir/weir.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>

namespace {

using namespace std::chrono_literals;

/// What a run shows; written by the counting operator.
struct Course {
  double began = 0;
  double ended = 0;
  double longest_gap = 0;
  std::uint64_t records = 0;  // all, with those that come before the measurement
};

/// Counts records, and looks at the clock now and then.
class Counter final : public weir::KeyedProcess<std::uint64_t, std::uint64_t, std::uint64_t> {
public:
  Counter(std::uint64_t first_measured, Course* course)
      : first_measured_{first_measured}, course_{*course} {}

  void on_record(const std::uint64_t&, Ctx&, weir::Emit<std::uint64_t>& out) override {
    const std::int64_t count = count_.value_or(0) + 1;
    count_.set(count);
    constexpr std::uint64_t kRecordsPerLook = 64;
    if (++course_.records % kRecordsPerLook == 0) look(out);
  }

private:
  void look(weir::Emit<std::uint64_t>& out) {
    if (course_.records < first_measured_) return;
    const double at = bench::now();
    if (course_.began == 0)
      course_.began = at;
    else
      course_.longest_gap = std::max(course_.longest_gap, at - course_.ended);
    course_.ended = at;
    constexpr std::uint64_t kRecordsPerReport = 1 << 20;
    if (course_.records % kRecordsPerReport == 0) out(course_.records);
  }

  std::uint64_t first_measured_;
  Course& course_;
  weir::ValueState<std::int64_t> count_{*this, "count"};
};

/// Where the reports go: a stream must end somewhere.
class Nowhere final : public weir::Writer<std::uint64_t> {
public:
  void write(const std::uint64_t&) override {}
};

/// How much is counted, and how it went.
class Load {
public:
  Load(const bench::Options& options, std::string directory)
      : keys_{options.sized<std::uint64_t>(10'000'000, 300'000)},
        records_{keys_ + options.sized<std::uint64_t>(50'000'000, 5'000'000)},
        every_{options.quick ? 100ms : 1s},
        directory_{std::move(directory)} {}

  Course run(bool takes_checkpoints) const {
    Course course;
    weir::Job job{"load"};
    if (takes_checkpoints) job.options().checkpoint = {.every = every_, .storage = directory_};
    job.source("keys", bench::key_source(keys_, records_))
        .key_by(std::identity{})
        .process<Counter>("counts", keys_, &course)
        .sink("reports", weir::make_sink(
                             [](const weir::WriterContext&) { return std::make_unique<Nowhere>(); },
                             weir::Delivery::repeatable));
    const weir::JobResult result = bench::run(job);
    bench::require(course.records == records_, "records are missing");
    bench::require(!takes_checkpoints || result.checkpoints >= 2, "there were no checkpoints");
    return course;
  }

  double measured() const { return static_cast<double>(records_ - keys_); }

private:
  std::uint64_t keys_;
  std::uint64_t records_;
  weir::Duration every_;
  std::string directory_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "Counts keys with checkpoints, against without.");
  const bench::TemporaryDirectory directory{options};
  const Load load{options, directory.path()};
  bench::Figures with_pauses;
  bench::Figures without_pauses;
  const auto measure = [&](bool takes_checkpoints, bench::Figures& pauses) {
    return [&load, &pauses, takes_checkpoints] {
      const Course course = load.run(takes_checkpoints);
      pauses.push_back(course.longest_gap * 1e3);
      return load.measured() / 1e6 / (course.ended - course.began);
    };
  };
  const auto figures = bench::interleave(
      options.repetitions(3), {measure(true, with_pauses), measure(false, without_pauses)});
  bench::print_ratio("1e7 keys, checkpoint every second: throughput", "M/s", figures[0], figures[1],
                     0.95);
  bench::print_limit("1e7 keys, checkpoint every second: longest pause", "ms", with_pauses,
                     without_pauses, 5);
}
