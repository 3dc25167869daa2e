// Days, hours and minutes of event time, in UTC.
#pragma once

#include <weir/time.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace nexmark {

using Day = std::int64_t;  // since 1970-01-01

inline Day day_of(weir::Timestamp time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

inline std::chrono::hh_mm_ss<std::chrono::milliseconds> clock_of(weir::Timestamp time) {
  return std::chrono::hh_mm_ss{time - std::chrono::floor<std::chrono::days>(time)};
}

/// "2015-07-15".
std::string day_text(Day day);

/// "08:05".
std::string minute_text(weir::Timestamp time);

}  // namespace nexmark
