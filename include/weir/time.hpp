// Durations and timestamps.
#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

/// A length of time. Any `std::chrono` duration down to nanoseconds converts to it.
using Duration = std::chrono::nanoseconds;

/// A point in event time: milliseconds since 1970-01-01T00:00:00Z, as in Flink.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// By which of two times something happens.
enum class TimeDomain : std::uint8_t {
  event_time,       ///< the times of the records
  processing_time,  ///< the wall clock of the process
};

/// What a wall clock shows.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

}  // namespace weir
