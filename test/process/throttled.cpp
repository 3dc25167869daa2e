// A job whose source is far faster than its sink, and whose records may make many each: for
// back-pressure, memory and interrupts.
#include <weir/weir.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

namespace {

/// What is measured while the records go by; shared with the end of the program.
struct Memory {
  std::int64_t records = 0;
  std::int64_t early_kib_max = 0;  // within the first tenth
  std::int64_t late_kib_max = 0;   // behind it
};

std::int64_t resident_kib() {
  std::int64_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> pages;
  return pages * (::sysconf(_SC_PAGESIZE) / 1024);
}

/// Takes `rate` records a second, as a slow store would.
class ThrottledWriter final : public weir::Writer<std::string> {
public:
  ThrottledWriter(std::int64_t rate, std::int64_t total, std::shared_ptr<Memory> memory)
      : rate_{rate}, total_{total}, memory_{std::move(memory)} {}

  void write(const std::string&) override {
    if (++memory_->records == 1) std::fputs("took the first record\n", stderr);
    if (memory_->records % kSampleEvery == 0) sample();
    // The pace of the store behind this sink: it blocks the subtask on purpose.
    next_ =
        std::max(next_, Clock::now() - kBurst) + std::chrono::nanoseconds{1'000'000'000 / rate_};
    if (next_ > Clock::now()) std::this_thread::sleep_until(next_);
  }

private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::int64_t kSampleEvery = 10'000;
  static constexpr auto kBurst = std::chrono::milliseconds{2};

  void sample() const {
    auto& most = memory_->records < total_ / 10 ? memory_->early_kib_max : memory_->late_kib_max;
    most = std::max(most, resident_kib());
  }

  std::int64_t rate_;
  std::int64_t total_;
  std::shared_ptr<Memory> memory_;
  Clock::time_point next_ = Clock::now();
};

}  // namespace

int main(int argc, char** argv) {
  std::int64_t records = 1'000'000;
  std::int64_t rate = 100'000;
  std::int64_t copies = 1;
  const auto memory = std::make_shared<Memory>();
  weir::Flags flags{"Sends records of 200 bytes to a sink that takes so many a second."};
  flags.optional("records", &records, "how many records there are")
      .optional("copies", &copies, "how many rows each record makes")
      .optional("rate", &rate, "how many records a second the sink takes");
  const int code = weir::main(
      flags,
      [&] {
        weir::Job job{"throttled"};
        job.source("numbers", weir::generator::sequence(0, records))
            .rebalance()
            .flat_map("rows",
                      [=](std::int64_t n, weir::Emit<std::string>& out) {
                        for (std::int64_t i = 0; i < copies; ++i)
                          out(std::string(200, 'x') + std::to_string(n));
                      })
            .rebalance()
            .sink("slow", weir::make_sink(
                              [=](const weir::WriterContext&) {
                                return std::make_unique<ThrottledWriter>(rate, records * copies,
                                                                         memory);
                              },
                              weir::Delivery::repeatable));
        return job;
      },
      argc, argv);
  std::fprintf(stderr, "%lld records; resident memory %lld KiB early, %lld KiB late\n",
               static_cast<long long>(memory->records),
               static_cast<long long>(memory->early_kib_max),
               static_cast<long long>(memory->late_kib_max));
  return code;
}
