// Checkpoints of a job whose sink is a hundred times too slow: with barriers that wait for their
// turn, also with debloating, and with barriers that overtake.
//
// A checkpoint begins as soon as the one before has completed, so what one takes is the time of the
// job divided by their number.
#include "bench/harness.hpp"
#include "bench/keys.hpp"

#include <weir/weir.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

namespace {

using namespace std::chrono_literals;

/// Needs so long for each record, as a sink does that asks somebody far away.
class Slow final : public weir::Writer<std::uint64_t> {
public:
  Slow(weir::Duration pace, std::uint64_t* written) : pace_{pace}, written_{*written} {}
  void write(const std::uint64_t&) override {
    std::this_thread::sleep_for(pace_);
    ++written_;
  }

private:
  weir::Duration pace_;
  std::uint64_t& written_;
};

/// How the job is run.
struct Mode {
  bool unaligned = false;
  weir::Duration timeout{};
  weir::DebloatOptions debloat = {};
};

/// Returns how long a checkpoint takes, in seconds.
double seconds_each(const bench::Options& options, const Mode& mode, const std::string& directory) {
  const auto records = options.sized<std::uint64_t>(60'000, 6'000);
  std::uint64_t written = 0;
  weir::Job job{"slow"};
  job.options().checkpoint = {.every = 1ms,
                              .storage = directory,
                              .unaligned = mode.unaligned,
                              .aligned_timeout = mode.timeout};
  job.options().network = {.batches_per_channel = 8, .debloat = mode.debloat};
  job.source("keys", bench::key_source(records, records))
      .rebalance()
      .map("work", [](const std::uint64_t& key) { return key + 1; })
      .rebalance()
      .sink("slow", weir::make_sink(
                        [&written](const weir::WriterContext&) {
                          return std::make_unique<Slow>(100us, &written);
                        },
                        weir::Delivery::repeatable));
  weir::JobResult result;
  const double all = bench::seconds([&] { result = bench::run(job); });
  bench::require(written == records, "records are missing");
  bench::require(result.checkpoints >= 1, "there were no checkpoints");
  return all / static_cast<double>(result.checkpoints);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::read_options(
      argc, argv,
      "Checkpoints behind a sink that is too slow: aligned, debloated, unaligned, timed.");
  const bench::TemporaryDirectory directory{options};
  const auto measure = [&](Mode mode) {
    return [&options, &directory, mode] { return seconds_each(options, mode, directory.path()); };
  };
  const Mode debloated{.debloat = {.enabled = true, .target = 200ms}};
  const auto figures = bench::interleave(
      options.repetitions(3),
      {measure({}), measure({true, {}}), measure({true, 100ms}), measure(debloated)});
  bench::print_limit("checkpoint behind a slow sink, unaligned", "s", figures[1], figures[0], 1);
  bench::print_limit("checkpoint behind a slow sink, after 100 ms", "s", figures[2], figures[0], 1);
  bench::print_figure("checkpoint behind a slow sink, debloated to 200 ms", "s", figures[3],
                      figures[0]);
}
