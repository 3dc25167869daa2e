// JobControl: a running job, for a program that shows it and may end it, wherever it runs.
#pragma once

#include "runtime/job/view.hpp"

#include <cstdint>

namespace weir::actors {

/// See the file comment. May be used from any thread.
class JobControl {
public:
  virtual ~JobControl() = default;

  /// Asks the job to end: with a last checkpoint if it takes any, or at once.
  virtual void stop(bool at_once) = 0;

  /// Returns the job as it is now.
  virtual runtime::JobView view() const = 0;

  /// Waits until the view changes after `seen` changes, or `limit` has passed; returns the number
  /// of changes so far.
  virtual std::uint64_t wait_for_change(std::uint64_t seen, Duration limit) const = 0;
};

}  // namespace weir::actors
