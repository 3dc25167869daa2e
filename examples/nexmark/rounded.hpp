// Averages as Beam rounds them: to the nearest whole number, a half up.
#pragma once

#include <cstdint>

namespace nexmark {

/// `sum` is 0 or more, `count` 1 or more.
constexpr std::int64_t rounded_average(std::int64_t sum, std::int64_t count) {
  return (2 * sum + count) / (2 * count);
}

}  // namespace nexmark
