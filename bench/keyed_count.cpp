// Counts a million different numbers: a source actor sends them to an actor that keeps a count for
// each.
//
// Ceiling: one thread that makes the same numbers and counts them in an absl::flat_hash_map. A
// second row shows a loop that, like Weir, asks for the memory of the numbers that come next.
#include "bench/harness.hpp"
#include "bench/keys.hpp"
#include "bench/tally.hpp"

#include <weir/weir.hpp>

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <functional>

namespace {

constexpr std::uint64_t kKeys = 1'000'000;

template <bool debloats>
bench::Tally count_with_weir(std::uint64_t records) {
  bench::Tally tally;
  weir::Job job{"keyed-count"};
  job.options().network.debloat.enabled = debloats;
  job.source("keys", bench::key_source(kKeys, records))
      .key_by(std::identity{})
      .count("counts", weir::EmitResults::at_end)
      .sink("tally", bench::tally_sink<std::uint64_t>(tally));
  bench::run(job);
  return tally;
}

enum class Loop { plain, prefetching };

template <Loop loop>
bench::Tally count_in_a_loop(std::uint64_t records) {
  constexpr std::size_t kAhead = 8;
  std::array<std::uint64_t, 1024> block{};
  absl::flat_hash_map<std::uint64_t, std::int64_t> counts;
  bench::Keys keys{kKeys};
  while (keys.drawn() < records) {
    const std::size_t size = std::min<std::size_t>(block.size(), records - keys.drawn());
    for (std::size_t i = 0; i < size; ++i) block[i] = keys.next();
    for (std::size_t i = 0; i < size; ++i) {
      if (loop == Loop::prefetching && i + kAhead < size) counts.prefetch(block[i + kAhead]);
      ++counts[block[i]];
    }
  }
  bench::Tally tally;
  for (const auto& [key, count] : counts) tally.add(key, count);
  return tally;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::read_options(argc, argv, "Counts keys, against a hash map.");
  const std::uint64_t records = options.sized<std::uint64_t>(32'000'000, 2'000'000);
  bench::Tally weir;
  bench::Tally plain;
  bench::Tally prefetching;
  bench::Tally debloated;
  const auto measure = [&](bench::Tally& tally, auto count) {
    return [&tally, count, records] {
      return static_cast<double>(records) / 1e6 / bench::seconds([&] { tally = count(records); });
    };
  };
  const auto figures = bench::interleave(
      options.repetitions(5),
      {measure(weir, count_with_weir<false>), measure(plain, count_in_a_loop<Loop::plain>),
       measure(prefetching, count_in_a_loop<Loop::prefetching>),
       measure(debloated, count_with_weir<true>)});
  bench::require(weir == plain && weir == prefetching && weir == debloated, "the counts differ");
  bench::require(weir.keys == kKeys, "a key is missing");
  bench::print_ratio("keyed count, 1e6 u64 keys, parallelism 1", "M/s", figures[0], figures[1],
                     0.5);
  bench::print_ratio("the same, beside a loop that prefetches", "M/s", figures[0], figures[2], {});
  bench::print_figure("the same with debloating, beside without", "M/s", figures[3], figures[0]);
}
