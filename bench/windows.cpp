// Counts in windows: of one size one behind the other, and of sizes up to an hour that slide by a
// second, so that a record is in up to 3,600 of them.
//
// Ceiling: one thread that counts the same records in an absl::flat_hash_map by key and second, and
// takes out what has ended. Sliding windows stand beside tumbling ones: how much they cost must not
// depend on how many a record is in.
#include "bench/harness.hpp"
#include "bench/numbered.hpp"

#include <weir/weir.hpp>

#include <absl/container/flat_hash_map.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kKeys = 100;
constexpr std::uint64_t kPerSecond = 1000;  // of event time

struct Event {
  std::uint64_t key;
  weir::Timestamp at;
};

Event event(std::uint64_t n) {
  return {
      weir::mix(n) % kKeys,
      weir::Timestamp{std::chrono::milliseconds{static_cast<std::int64_t>(n * 1000 / kPerSecond)}}};
}

/// What has come out.
struct Counted {
  std::uint64_t results = 0;
  std::int64_t records = 0;
  friend bool operator==(const Counted&, const Counted&) = default;
};

using Row = weir::Windowed<std::uint64_t, std::int64_t>;

class Adder final : public weir::Writer<Row> {
public:
  explicit Adder(Counted& to) : to_{to} {}
  void write(const Row& row) override {
    ++to_.results;
    to_.records += row.value;
  }

private:
  Counted& to_;
};

Counted count_in_windows(std::uint64_t records, const weir::TimeWindows& windows) {
  Counted counted;
  weir::Job job{"windows"};
  job.options().watermark_interval = 5ms;
  job.source("events", bench::numbered(records, event))
      .event_time(&Event::at, weir::monotonic())
      .key_by(&Event::key)
      .window(windows)
      .count("counts")
      .sink("adder",
            weir::make_sink(
                [&counted](const weir::WriterContext&) { return std::make_unique<Adder>(counted); },
                weir::Delivery::repeatable));
  bench::run(job);
  return counted;
}

Counted count_in_a_loop(std::uint64_t records) {
  using Cell = std::pair<std::uint64_t, std::int64_t>;  // key and second
  absl::flat_hash_map<Cell, std::int64_t> counts;
  Counted counted;
  const auto end = [&](std::int64_t second) {
    for (std::uint64_t key = 0; key < kKeys; ++key) {
      const auto cell = counts.find(Cell{key, second});
      if (cell == counts.end()) continue;
      ++counted.results;
      counted.records += cell->second;
      counts.erase(cell);
    }
  };
  std::int64_t now = 0;
  for (std::uint64_t n = 0; n < records; ++n) {
    const Event e = event(n);
    const std::int64_t second = e.at.time_since_epoch() / 1s;
    for (; now < second; ++now) end(now);
    ++counts[Cell{e.key, second}];
  }
  end(now);
  return counted;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "Counts in windows, against a hash map and each other.");
  const auto records = options.sized<std::uint64_t>(8'000'000, 200'000);
  Counted tumbling;
  Counted loop;
  Counted minute;
  Counted hour;
  const auto measure = [records](Counted& counted, auto count) {
    return [&counted, count, records] {
      return static_cast<double>(records) / 1e6 / bench::seconds([&] { counted = count(records); });
    };
  };
  const auto windows = [](weir::Duration size) {
    return [size](std::uint64_t n) { return count_in_windows(n, weir::sliding(size, 1s)); };
  };
  const auto figures = bench::interleave(
      options.repetitions(5), {measure(tumbling, windows(1s)), measure(loop, count_in_a_loop),
                               measure(minute, windows(1min)), measure(hour, windows(1h))});
  bench::require(tumbling == loop, "the counts differ");
  const auto all = static_cast<std::int64_t>(records);
  bench::require(minute.records == 60 * all && hour.records == 3600 * all,
                 "not every record is in all windows around it");
  bench::print_ratio("count in tumbling windows of 1 s", "M/s", figures[0], figures[1], 0.5);
  bench::print_ratio("windows of 1 min that slide by 1 s, beside them", "M/s", figures[2],
                     figures[0], {});
  bench::print_ratio("windows of 1 h that slide by 1 s, beside them", "M/s", figures[3], figures[0],
                     {});
}
