// Durations and timestamps.
#pragma once

#include <chrono>

namespace weir {

/// A length of time. Any `std::chrono` duration down to nanoseconds converts to it.
using Duration = std::chrono::nanoseconds;

/// A point in event time: milliseconds since 1970-01-01T00:00:00Z, as in Flink.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// What a wall clock shows.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

}  // namespace weir
