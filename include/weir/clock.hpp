// Clock: the only way Weir learns what time it is.
#pragma once

#include <weir/time.hpp>

namespace weir {

/// Tells the time. The simulator replaces it by a virtual one. May be called from any thread.
class Clock {
public:
  virtual ~Clock() = default;

  /// Time since some fixed moment; never goes back. For measuring and for deadlines.
  virtual Duration monotonic() const = 0;
  /// Wall-clock time. May jump in both directions.
  virtual WallTime wall() const = 0;

  /// The machine's clocks; lives as long as the process.
  static const Clock& system();
};

}  // namespace weir
