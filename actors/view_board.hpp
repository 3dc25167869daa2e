// ViewBoard: where the actor of a job shows how the job stands, and any thread looks.
#pragma once

#include "runtime/job/view.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace weir::actors {

/// Keeps the newest view.
class ViewBoard final : public runtime::JobObserver {
public:
  void on_view(const runtime::JobView& view) override;

  runtime::JobView view() const;

  /// Waits until there have been other than `seen` changes, or `limit` has passed; returns the
  /// number of changes so far.
  std::uint64_t wait_for_change(std::uint64_t seen, Duration limit) const;

  /// Waits until the job has ended.
  runtime::JobOutcome wait_for_outcome() const;

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  runtime::JobView view_;      // guarded by mutex_
  std::uint64_t changes_ = 0;  // likewise
};

}  // namespace weir::actors
