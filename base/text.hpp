// Values in text form, as Flink's configuration writes them, and help for mistyped names.
#pragma once

#include <weir/result.hpp>
#include <weir/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::base {

/// Parses "200ms", "1 s", "10 min", "2h", "1 d", "500 us", "30 ns"; a bare number means ms.
Result<Duration> parse_duration(std::string_view text);

/// Writes a duration in the largest unit that is exact: "200 ms", "10 min", "0 ms".
std::string format_duration(Duration duration);

/// Parses "32 kb", "64mb", "1 gb", "128 mib", "4096" (bytes); units are powers of 1,024.
Result<std::uint64_t> parse_size(std::string_view text);

/// Writes a size for people: "17 B", "1.5 MiB".
std::string format_size(std::uint64_t bytes);

/// Writes a count with thousands separators: "1,234,567".
std::string format_count(std::uint64_t count);

/// Writes a moment for people: "2026-01-31 23:59:59 UTC".
std::string format_utc(WallTime time);

Result<bool> parse_bool(std::string_view text);
Result<std::int64_t> parse_int(std::string_view text);
Result<double> parse_double(std::string_view text);

/// Returns the candidate with the smallest edit distance to `word`, or "" when all are far off.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace weir::base
