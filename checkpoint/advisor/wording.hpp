// Numbers in the texts of the advisor: rounded, with their units.
#pragma once

#include "checkpoint/advisor/model.hpp"

#include <string>

namespace weir::advisor {

/// Writes about three digits in a unit that people read: "263 s", "1.46 h", "0 s", "never".
std::string readable(Seconds time);

/// Writes a share of 1 in percent, about two digits: "0.17 %", "12 %".
std::string percent(double share);

/// Writes a load with two digits: "0.95".
std::string readable_load(double load);

}  // namespace weir::advisor
