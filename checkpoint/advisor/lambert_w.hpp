// The principal branch of Lambert's W: the inverse of w e^w. The optimal interval needs it near its
// branch point, where both branches meet at w = -1 and double precision runs out.
#pragma once

#include <weir/result.hpp>

namespace weir::advisor {

/// Returns W0(x), the w >= -1 with w e^w = x, for x in [-1/e, 0] (Corless, Gonnet, Hare, Jeffrey,
/// Knuth, "On the Lambert W function", 1996: Halley's iteration, section 5, and the series about
/// the branch point, section 4). Accuracy: w e^w is x within a relative 4e-16; w itself is within a
/// relative 1e-12 of W0(x), but 1 + w only as well as x is known, as its slope is infinite at -1/e.
/// Error: `invalid_argument` outside of the range; -1/e as a double is inside.
Result<double> lambert_w0(double x);

/// Returns 1 + W0(-e^-(1 + z)) for z >= 0, within a relative 1e-11 for all z: for small z from the
/// series, because 1 + z would lose the digits of z. Error: `invalid_argument` if z is negative or
/// NaN.
Result<double> one_plus_w0(double z);

}  // namespace weir::advisor
