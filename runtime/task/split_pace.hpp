// SplitPace: which splits of a subtask are too far ahead of their group to be read, and when the
// subtask tells the group how far it is. Pure.
//
// Invariants
//  - Until the group has answered, no split is read beyond its first records.
//  - A split that is idle, or has had no record, is read: only what it brings says how far it is.
//  - What is told is told again every now and then, and so is the answer: it does no harm when a
//    message is lost, late or repeated.
#pragma once

#include "runtime/task/source_time.hpp"

#include <weir/detail/watermark.hpp>
#include <weir/watermarks.hpp>

#include <optional>
#include <vector>

namespace weir::runtime {

/// See the file comment. `now` is monotonic time.
class SplitPace {
public:
  explicit SplitPace(const WatermarkAlignment& alignment)
      : max_drift_{alignment.max_drift}, every_{alignment.every} {}

  /// The slowest of the group has come to `least`.
  void on_group_time(Timestamp least);

  /// Whether a split is not to be read as long as the group stays where it is.
  bool holds(const detail::Watermark& split) const { return split.time > limit_ && !split.is_idle; }

  /// Returns what is to be told now, given all splits that are being read, if anything: when it is
  /// time to, when it matters from now on whether the subtask counts, and when it has come as far
  /// as it may. There is at least one split.
  std::optional<SourceTime> tell(const std::vector<detail::Watermark>& splits, Duration now);
  /// The same while there is none, or when, with `has_ended`, there will be none any more.
  std::optional<SourceTime> tell(bool has_ended, Duration now);

  /// When it is time to tell again; none: nothing has been told yet.
  std::optional<Duration> tells_at() const;

private:
  std::optional<SourceTime> tell(const SourceTime& as_it_is, Duration now);

  std::chrono::milliseconds max_drift_;
  Duration every_;
  Timestamp limit_ = Timestamp::min();  // what is behind this, or there, may be read
  std::optional<SourceTime> told_;
  Duration told_at_{};
};

}  // namespace weir::runtime
