// SourceTime: how far a subtask of a source is in event time, as it tells the group that its
// watermarks are aligned with; see runtime/job/watermark_groups.hpp.
#pragma once

#include <weir/time.hpp>

namespace weir::runtime {

/// See the file comment.
struct SourceTime {
  /// The least watermark of the splits that it reads, but never less than it said before. The least
  /// time there is: none of them has had a record.
  Timestamp time = Timestamp::min();
  /// Whether others are to keep pace with it: not while it is idle, nor when it has ended.
  bool counts = true;
  /// All that it could read is too far ahead: it wants to hear at once when the group comes closer.
  bool waits = false;

  friend bool operator==(const SourceTime&, const SourceTime&) = default;
};

}  // namespace weir::runtime
