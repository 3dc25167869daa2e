// Joins: what belongs together of two streams in event time.
#pragma once

#include <weir/time.hpp>

#include <chrono>
#include <stdexcept>

namespace weir {

/// Which records of the second stream a record of the first is joined with: those whose time is at
/// least its own and `lower`, and at most its own and `upper`. Made by `between`.
class JoinInterval {
public:
  JoinInterval(std::chrono::milliseconds lower, std::chrono::milliseconds upper)
      : lower_{lower}, upper_{upper} {
    if (lower > upper)
      throw std::invalid_argument{
          "an interval of a join must not end before it begins: nothing would be in it"};
  }

  /// The same without its first millisecond. Throws std::invalid_argument if nothing is left.
  JoinInterval without_lower() const { return {lower_ + kTick, upper_}; }
  /// The same without its last millisecond. Throws std::invalid_argument if nothing is left.
  JoinInterval without_upper() const { return {lower_, upper_ - kTick}; }

  std::chrono::milliseconds lower() const { return lower_; }
  std::chrono::milliseconds upper() const { return upper_; }

private:
  static constexpr std::chrono::milliseconds kTick{1};

  std::chrono::milliseconds lower_;
  std::chrono::milliseconds upper_;
};

/// An interval of a join; both bounds are in it, and may be negative: between(-1min, 0s) joins with
/// what was in the minute before. Throws std::invalid_argument unless they are whole milliseconds
/// and the first is not above the second.
inline JoinInterval between(Duration lower, Duration upper) {
  using std::chrono::milliseconds;
  const auto from = std::chrono::floor<milliseconds>(lower);
  const auto to = std::chrono::floor<milliseconds>(upper);
  if (from != lower || to != upper)
    throw std::invalid_argument{"between(lower, upper): both must be whole milliseconds"};
  return {from, to};
}

}  // namespace weir
