#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <numeric>
#include <utility>

namespace weir::base {
namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Splits "10 min" into 10 and "min".
Result<std::pair<std::int64_t, std::string>> split_number(std::string_view text) {
  text = trim(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0)
    return Status{ErrorCode::invalid_argument,
                  "\"" + std::string{text} + "\" does not start with a whole number >= 0"};
  const auto used = static_cast<std::size_t>(end - text.data());
  return std::pair{number, lower(trim(text.substr(used)))};
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

template <std::size_t N>
Result<std::int64_t> scale(std::string_view text, const std::array<Unit, N>& units,
                           std::string_view what) {
  auto parts = split_number(text);
  if (!parts.ok()) return parts.status();
  for (const Unit& unit : units) {
    if (unit.name != parts->second) continue;
    std::int64_t scaled = 0;
    if (__builtin_mul_overflow(parts->first, unit.factor, &scaled))
      return Status{ErrorCode::invalid_argument, "\"" + std::string{text} + "\" is too large"};
    return scaled;
  }
  return Status{ErrorCode::invalid_argument, "\"" + std::string{text} + "\" is no " +
                                                 std::string{what} + ": unknown unit \"" +
                                                 parts->second + "\""};
}

constexpr std::int64_t kMilli = 1'000'000;  // nanoseconds
constexpr std::array<Unit, 22> kDurationUnits{{{"", kMilli},
                                               {"ns", 1},
                                               {"us", 1'000},
                                               {"ms", kMilli},
                                               {"milli", kMilli},
                                               {"millis", kMilli},
                                               {"millisecond", kMilli},
                                               {"milliseconds", kMilli},
                                               {"s", 1'000 * kMilli},
                                               {"sec", 1'000 * kMilli},
                                               {"second", 1'000 * kMilli},
                                               {"seconds", 1'000 * kMilli},
                                               {"m", 60'000 * kMilli},
                                               {"min", 60'000 * kMilli},
                                               {"minute", 60'000 * kMilli},
                                               {"minutes", 60'000 * kMilli},
                                               {"h", 3'600'000 * kMilli},
                                               {"hour", 3'600'000 * kMilli},
                                               {"hours", 3'600'000 * kMilli},
                                               {"d", 86'400'000 * kMilli},
                                               {"day", 86'400'000 * kMilli},
                                               {"days", 86'400'000 * kMilli}}};

constexpr std::array<Unit, 12> kSizeUnits{{{"", 1},
                                           {"b", 1},
                                           {"bytes", 1},
                                           {"k", 1LL << 10},
                                           {"kb", 1LL << 10},
                                           {"kib", 1LL << 10},
                                           {"m", 1LL << 20},
                                           {"mb", 1LL << 20},
                                           {"mib", 1LL << 20},
                                           {"g", 1LL << 30},
                                           {"gb", 1LL << 30},
                                           {"gib", 1LL << 30}}};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  auto nanos = scale(text, kDurationUnits, "duration");
  if (!nanos.ok()) return nanos.status();
  return Duration{*nanos};
}

std::string format_duration(Duration duration) {
  constexpr std::array<Unit, 7> kUnits{{{"d", 86'400'000 * kMilli},
                                        {"h", 3'600'000 * kMilli},
                                        {"min", 60'000 * kMilli},
                                        {"s", 1'000 * kMilli},
                                        {"ms", kMilli},
                                        {"us", 1'000},
                                        {"ns", 1}}};
  const std::int64_t nanos = duration.count();
  if (nanos == 0) return "0 ms";
  for (const Unit& unit : kUnits) {
    if (nanos % unit.factor == 0)
      return std::to_string(nanos / unit.factor) + " " + std::string{unit.name};
  }
  return std::to_string(nanos) + " ns";
}

Result<std::uint64_t> parse_size(std::string_view text) {
  auto bytes = scale(text, kSizeUnits, "size");
  if (!bytes.ok()) return bytes.status();
  return static_cast<std::uint64_t>(*bytes);
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string format_count(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string format_utc(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text, size};
}

Result<bool> parse_bool(std::string_view text) {
  const std::string value = lower(trim(text));
  if (value == "true") return true;
  if (value == "false") return false;
  return Status{ErrorCode::invalid_argument,
                "\"" + std::string{text} + "\" is neither true nor false"};
}

Result<std::int64_t> parse_int(std::string_view text) {
  text = trim(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  return Status{ErrorCode::invalid_argument, "\"" + std::string{text} + "\" is no whole number"};
}

Result<double> parse_double(std::string_view text) {
  text = trim(text);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && std::isfinite(number))
    return number;
  return Status{ErrorCode::invalid_argument, "\"" + std::string{text} + "\" is no number"};
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = word.size() / 2 + 2;  // further than this is no help
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace weir::base
