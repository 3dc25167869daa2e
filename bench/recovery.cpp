// Kills the counting subtask of a running job again and again, and measures each time how long it
// takes until a record comes out of the job that replaces it. State is small: a thousand counts.
//
// The job restarts without a delay; by default it would wait for a second first.
#include "bench/harness.hpp"

#include <weir/weir.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

namespace {

using namespace std::chrono_literals;

using Count = std::pair<std::int64_t, std::int64_t>;

constexpr std::int64_t kKeys = 1'000;

/// Says in which attempt a record has come out last.
class AttemptWriter final : public weir::Writer<Count> {
public:
  AttemptWriter(std::uint32_t attempt, std::atomic<std::uint32_t>& newest)
      : attempt_{attempt}, newest_{newest} {}
  void write(const Count&) override { newest_.store(attempt_, std::memory_order_relaxed); }

private:
  std::uint32_t attempt_;
  std::atomic<std::uint32_t>& newest_;
};

weir::Job make_job(const std::string& directory, std::atomic<std::uint32_t>& newest) {
  weir::Job job{"recovery"};
  job.options().checkpoint = {.every = 50ms, .storage = directory};
  job.options().restart = weir::restart::fixed_delay({.attempts = 1'000, .delay = 0ms});
  constexpr std::int64_t kForEver = 1'000'000'000'000;
  constexpr double kPerSecond = 100'000;
  job.source("numbers", weir::generator::sequence(0, kForEver, {.rate = kPerSecond}))
      .key_by([](const std::int64_t& number) { return number % kKeys; })
      .count("counts")
      .sink("newest", weir::make_sink(
                          [&newest](const weir::WriterContext& context) {
                            return std::make_unique<AttemptWriter>(context.info.attempt, newest);
                          },
                          weir::Delivery::repeatable));
  return job;
}

/// Waits until `done()`; ends the program if that takes too long.
template <class F>
void wait_until(F done, const std::string& what) {
  constexpr double kSecondsMax = 10;
  for (const double began = bench::now(); !done();) {
    bench::require(bench::now() - began < kSecondsMax, what);
    std::this_thread::sleep_for(100us);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::read_options(
      argc, argv, "Kills a subtask and measures how long nothing comes out of the job.");
  const bench::TemporaryDirectory directory{options};
  std::atomic<std::uint32_t> newest{0};
  auto job = weir::run_local(make_job(directory.path(), newest));
  bench::require(job.ok(), "the job cannot be started");
  const auto kill_once = [&] {
    const std::uint64_t checkpoints = job->checkpoints();
    wait_until([&] { return newest != 0 && job->checkpoints() > checkpoints; },
               "there was no checkpoint to go back to");
    const std::uint32_t killed = newest;
    const double at = bench::now();
    job->kill("counts/0");
    wait_until([&] { return newest > killed; }, "nothing came out of the job any more");
    return (bench::now() - at) * 1e3;
  };
  const auto outages = bench::interleave(options.repetitions(31), {kill_once})[0];
  bench::require(job->restarts() == static_cast<int>(outages.size()),
                 "the job restarted more or less often than it was killed");
  job->cancel();
  bench::print_limit("kill one subtask, output moves again", "ms", outages, {}, 100);
  bench::print_limit("the same, longest", "ms", {*std::max_element(outages.begin(), outages.end())},
                     {}, 100);
}
