// Latencies: how long things took, as shares of them.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bench {

/// Counts times in buckets, none wider than a sixteenth of the times in it. So it takes the same
/// memory for any number of them.
class Latencies {
public:
  /// Adds `count` times of so many nanoseconds.
  constexpr void add(std::uint64_t nanos, std::uint64_t count = 1) {
    counts_[bucket_of(nanos)] += count;
    all_ += count;
  }
  constexpr void add(const Latencies& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    all_ += other.all_;
  }

  constexpr std::uint64_t count() const { return all_; }

  /// The time, in nanoseconds, that a share of all times do not exceed, from 0 to 1; 0 if there are
  /// none. It is rounded up, by up to a sixteenth.
  constexpr double quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(all_));
    std::uint64_t passed = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      passed += counts_[i];
      if (passed > wanted || (passed == all_ && all_ != 0)) return static_cast<double>(end_of(i));
    }
    return 0;
  }

private:
  static constexpr unsigned kBits = 4;  // of a time that tell its bucket, behind the first one
  static constexpr std::size_t kParts = 1 << kBits;

  static constexpr std::size_t bucket_of(std::uint64_t nanos) {
    if (nanos < kParts) return nanos;
    const auto shift = static_cast<unsigned>(std::bit_width(nanos)) - 1 - kBits;
    return (shift + 1) * kParts + (nanos >> shift) - kParts;
  }
  /// The first time that is too long for a bucket.
  static constexpr std::uint64_t end_of(std::size_t bucket) {
    if (bucket < kParts) return bucket + 1;
    const std::size_t shift = bucket / kParts - 1;
    return (kParts + bucket % kParts + 1) << shift;
  }

  std::array<std::uint64_t, (64 - kBits + 1) * kParts> counts_{};
  std::uint64_t all_ = 0;
};

/// What is said of one time alone, and of the shares of several.
constexpr double reported(std::uint64_t nanos) {
  Latencies one;
  one.add(nanos);
  return one.quantile(0.5);
}
static_assert(Latencies{}.quantile(0.5) == 0);
static_assert(reported(0) == 1 && reported(15) == 16 && reported(16) == 17 && reported(31) == 32);
static_assert(reported(32) == 34 && reported(33) == 34 && reported(1000) == 1024);
static_assert(reported(~std::uint64_t{0} >> 1) == 0x1p63);
static_assert([] {
  Latencies all;
  all.add(10, 990);
  all.add(1000, 10);
  return all.quantile(0) == 11 && all.quantile(0.98) == 11 && all.quantile(0.99) == 1024 &&
         all.quantile(1) == 1024 && all.count() == 1000;
}());

}  // namespace bench
