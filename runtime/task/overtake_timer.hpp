// OvertakeTimer: until when barriers of a checkpoint wait for their turn in one place, the input or
// the output of a subtask. The time is counted from the trigger (Flink:
// aligned-checkpoint-timeout).
#pragma once

#include "checkpoint/messages.hpp"

#include <optional>

namespace weir::runtime {

/// See the file comment. `now` is monotonic time.
class OvertakeTimer {
public:
  explicit OvertakeTimer(Duration timeout) : timeout_{timeout} {}

  /// Begins to wait if such barriers may overtake later; stops waiting for any other checkpoint.
  void arm(const checkpoint::Barrier& barrier, Duration now, WallTime wall);
  void disarm() { armed_.reset(); }

  bool is_armed() const { return armed_.has_value(); }
  /// When the time is up; none if nothing waits.
  std::optional<Duration> at() const;
  /// Returns the checkpoint whose time is up, and forgets it.
  std::optional<CheckpointId> take_due(Duration now);
  /// The checkpoint that waits; only if one does.
  CheckpointId id() const { return armed_->id; }

private:
  struct Armed {
    CheckpointId id;
    Duration at;
  };

  Duration timeout_;
  std::optional<Armed> armed_;
};

}  // namespace weir::runtime
