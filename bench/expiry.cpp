// Remembers ever new keys for ten seconds, in memory and in RocksDB: what is resident, and on disk,
// must stay the same once the first keys have expired.
#include "bench/harness.hpp"
#include "bench/numbered.hpp"

#include <weir/source.hpp>
#include <weir/weir.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace {

namespace fs = std::filesystem;

double resident_mb() {
  double pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

/// Files may come and go meanwhile.
double disk_mb(const std::string& directory) {
  double bytes = 0;
  std::error_code gone;
  for (auto at = fs::recursive_directory_iterator{directory, gone};
       !gone && at != fs::recursive_directory_iterator{}; at.increment(gone)) {
    std::error_code ignored;
    const auto size = at->file_size(ignored);
    if (!ignored) bytes += static_cast<double>(size);
  }
  return bytes / 1e6;
}

/// What was held in the fourth fifth of a run, and in the last one, at most.
struct Held {
  double resident_before = 0;
  double resident = 0;
  double disk_before = 0;
  double disk = 0;

  void look(double share, const std::string& directory) {
    if (share < 0.6) return;
    const double now = resident_mb();
    const double on_disk = disk_mb(directory);
    (share < 0.8 ? resident_before : resident) =
        std::max(share < 0.8 ? resident_before : resident, now);
    (share < 0.8 ? disk_before : disk) = std::max(share < 0.8 ? disk_before : disk, on_disk);
  }
};

class Watcher final : public weir::Writer<std::uint64_t> {
public:
  Watcher(Held& held, std::uint64_t records, const std::string& directory)
      : held_{held}, records_{records}, directory_{directory} {}

  void write(const std::uint64_t&) override {
    constexpr std::uint64_t kLooks = 100;
    if (++seen_ % (records_ / kLooks) == 0)
      held_.look(static_cast<double>(seen_) / static_cast<double>(records_), directory_);
  }

private:
  Held& held_;
  std::uint64_t records_;
  const std::string& directory_;
  std::uint64_t seen_ = 0;
};

Held remember(weir::StateBackendType backend, std::uint64_t records, weir::Duration life,
              const std::string& directory) {
  Held held;
  weir::Job job{"expiry"};
  job.options().state.backend = backend;
  job.source("keys", bench::numbered(records, [](std::uint64_t n) { return n; }))
      .key_by(std::identity{})
      .process("remember", weir::value_state<std::uint64_t>("seen", weir::ttl(life)),
               [](std::uint64_t n, weir::ValueState<std::uint64_t>& seen,
                  weir::Emit<std::uint64_t>& out) {
                 bench::require(!seen.get(), "a new key has been seen before");
                 seen.set(n);
                 out(n);
               })
      .sink("watch", weir::make_sink(
                         [&](const weir::WriterContext&) {
                           return std::make_unique<Watcher>(held, records, directory);
                         },
                         weir::Delivery::repeatable));
  bench::run(job);
  return held;
}

}  // namespace

int main(int argc, char** argv) {
  using weir::StateBackendType;
  const auto options = bench::read_options(argc, argv, "Remembers ever new keys for ten seconds.");
  const bench::TemporaryDirectory folder{options};
  ::setenv("TMPDIR", folder.path().c_str(), 1);  // where RocksDB writes
  const weir::Duration life = std::chrono::milliseconds{options.sized(10'000, 20)};
  constexpr double kGrowth = 1.15;
  const auto heap =
      remember(StateBackendType::hashmap, options.sized<std::uint64_t>(100'000'000, 200'000), life,
               folder.path());
  bench::print_limit("1e8 keys of 10 s each: resident", "MB", {heap.resident},
                     {heap.resident_before}, heap.resident_before * kGrowth);
  const auto rocksdb =
      remember(StateBackendType::rocksdb, options.sized<std::uint64_t>(30'000'000, 50'000), life,
               folder.path());
  bench::print_limit("3e7 keys of 10 s each in RocksDB: resident", "MB", {rocksdb.resident},
                     {rocksdb.resident_before}, rocksdb.resident_before * kGrowth);
  bench::print_limit("the same: on disk", "MB", {rocksdb.disk}, {rocksdb.disk_before},
                     rocksdb.disk_before * kGrowth);
}
