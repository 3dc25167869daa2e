#include "checkpoint/advisor/wording.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace weir::advisor {
namespace {

/// Writes `value` with `digits` of them, and all that stand before the point.
std::string rounded(double value, int digits) {
  char text[32];
  if (std::abs(value) >= std::pow(10, digits - 1)) {
    std::snprintf(text, sizeof text, "%.0f", value);
  } else {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
  }
  return text;
}

}  // namespace

std::string readable(Seconds time) {
  // Each unit is used up to the limit beside it: 100 s say more than 1.67 min.
  constexpr std::array<std::pair<double, std::pair<double, const char*>>, 6> kUnits{
      {{1e-6, {1e-9, " ns"}},
       {1e-3, {1e-6, " us"}},
       {1, {1e-3, " ms"}},
       {600, {1, " s"}},
       {7200, {60, " min"}},
       {172'800, {3600, " h"}}}};
  const double seconds = time.count();
  if (seconds == 0) return "0 s";
  if (!std::isfinite(seconds)) return "never";
  for (const auto& [limit, unit] : kUnits) {
    if (std::abs(seconds) < limit) return rounded(seconds / unit.first, 3) + unit.second;
  }
  return rounded(seconds / 86'400, 3) + " d";
}

std::string percent(double share) {
  if (share > 0 && share < 1e-4) return "< 0.01 %";
  return rounded(share * 100, 2) + " %";
}

std::string readable_load(double load) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", load);
  return text;
}

}  // namespace weir::advisor
