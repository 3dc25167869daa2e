#include "checkpoint/advisor/lambert_w.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace weir::advisor {
namespace {

constexpr double kE = 2.718281828459045235;
// Below this p the first term that the series leaves out is a relative 3e-12.
constexpr double kSeriesMax = 0.01;

/// 1 + W0 in powers of p = sqrt(2 (1 + e x)).
double branch_series(double p) {
  return p * (1 + p * (-1.0 / 3 + p * (11.0 / 72 + p * (-43.0 / 540 + p * 769.0 / 17280))));
}

/// Each step triples the number of right digits; from the starts below four to five are enough.
double halley(double x, double w) {
  for (int step = 0; step < 16; ++step) {
    const double e = std::exp(w);
    const double f = w * e - x;
    const double change = f / (e * (w + 1) - (w + 2) * f / (2 * w + 2));
    w -= change;
    if (std::abs(change) <= 1e-16 * std::abs(w)) break;
  }
  return w;
}

}  // namespace

Result<double> lambert_w0(double x) {
  // Rounding may put -1/e a little to the left of the branch point.
  const double above_branch = 1 + kE * x;
  if (!(x <= 0 && above_branch >= -1e-15))
    return Status{ErrorCode::invalid_argument,
                  "Lambert's W0 of " + std::to_string(x) + " is not computed; only from -1/e to 0"};
  if (x == 0) return 0.0;
  const double p = std::sqrt(2 * std::max(0.0, above_branch));
  if (p < kSeriesMax) return branch_series(p) - 1;
  return halley(x, x > -0.1 ? x : branch_series(p) - 1);
}

Result<double> one_plus_w0(double z) {
  if (!(z >= 0))
    return Status{ErrorCode::invalid_argument,
                  "Lambert's W0 of -e^-(1 + z) needs z >= 0, not " + std::to_string(z)};
  const double p = std::sqrt(-2 * std::expm1(-z));
  if (p < kSeriesMax) return branch_series(p);
  const Result<double> w = lambert_w0(-std::exp(-1 - z));
  if (!w.ok()) return w.status();
  return 1 + *w;
}

}  // namespace weir::advisor
