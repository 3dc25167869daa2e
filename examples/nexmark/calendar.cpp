#include "calendar.hpp"

#include <algorithm>
#include <chrono>

namespace nexmark {

namespace {

/// A number with as many digits as `digits` has, the first ones 0.
std::string padded(std::int64_t number, std::size_t digits) {
  std::string text = std::to_string(number);
  return std::string(digits - std::min(digits, text.size()), '0') + text;
}

}  // namespace

std::string day_text(Day day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return padded(int{date.year()}, 4) + '-' + padded(unsigned{date.month()}, 2) + '-' +
         padded(unsigned{date.day()}, 2);
}

std::string minute_text(weir::Timestamp time) {
  const auto clock = clock_of(time);
  return padded(clock.hours().count(), 2) + ':' + padded(clock.minutes().count(), 2);
}

}  // namespace nexmark
