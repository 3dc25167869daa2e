// The random numbers of Java: a linear congruential generator of 48 bits, drawn from as
// java.util.Random does, so that a seed gives the numbers that it gives there.
#pragma once

#include <cstdint>

namespace nexmark {

class Random {
public:
  /// Any seed; of its bits the lower 48 count.
  explicit constexpr Random(std::uint64_t seed) : state_{(seed ^ kMultiplier) & kMask} {}

  /// A number from 0 to `bound` - 1, all equally likely; `bound` is at least 1. `nextInt(bound)`.
  constexpr std::int32_t below(std::int32_t bound) {
    const auto n = static_cast<std::uint32_t>(bound);
    std::uint32_t drawn = next(31);
    if ((n & (n - 1)) == 0)
      return static_cast<std::int32_t>((static_cast<std::uint64_t>(n) * drawn) >> 31);
    std::uint32_t value = drawn % n;
    while (drawn - value + (n - 1) >= kTooLarge) {  // the last multiples of n have no n numbers
      drawn = next(31);
      value = drawn % n;
    }
    return static_cast<std::int32_t>(value);
  }

  /// Any number of 32 bits. `nextInt()`.
  constexpr std::int32_t any() { return static_cast<std::int32_t>(next(32)); }

  /// A number from 0 up to but not 1, a multiple of 2^-53. `nextDouble()`.
  constexpr double fraction() {
    const std::uint64_t upper = next(26);  // drawn first
    const std::uint64_t lower = next(27);
    return static_cast<double>((upper << 27) + lower) * 0x1p-53;
  }

private:
  static constexpr std::uint64_t kMultiplier = 0x5DEECE66D;
  static constexpr std::uint64_t kMask = (std::uint64_t{1} << 48) - 1;
  static constexpr std::uint32_t kTooLarge = std::uint32_t{1} << 31;

  /// The upper `bits` of the next 48.
  constexpr std::uint32_t next(int bits) {
    state_ = (state_ * kMultiplier + 0xB) & kMask;
    return static_cast<std::uint32_t>(state_ >> (48 - bits));
  }

  std::uint64_t state_;
};

}  // namespace nexmark
