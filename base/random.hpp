// Random: the only source of randomness in the engine, always seeded.
#pragma once

#include <cstdint>

namespace weir::base {

/// A small, fast generator (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", 2014). Equal seeds give equal sequences on every machine. Not thread safe.
class Random {
public:
  explicit Random(std::uint64_t seed) : state_{seed} {}

  /// Returns 64 random bits.
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  /// Returns a number from 0 to `bound - 1`; `bound` must not be 0.
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }

  /// Returns a number in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  /// Returns true with the given probability.
  bool chance(double probability) { return uniform() < probability; }

private:
  std::uint64_t state_;
};

}  // namespace weir::base
