// TriggerPolicy: may a checkpoint start now, and if not, when should one ask again?
// Pure: time comes in as an argument (Flink: CheckpointRequestDecider).
#pragma once

#include "checkpoint/messages.hpp"

#include <deque>
#include <optional>
#include <vector>

namespace weir::checkpoint {

struct TriggerOptions {
  Duration interval{};   // 0: no periodic checkpoints
  Duration min_pause{};  // from the end of one to the next periodic one
  int max_concurrent = 1;
  /// While sources read a backlog; 0: no periodic checkpoints then. None: the same.
  std::optional<Duration> interval_in_backlog = {};
};

/// Decides when checkpoints start. Requests are served in the order: stop, end of input, periodic.
/// Only periodic ones wait for the interval and the pause; all wait for the number under way.
class TriggerPolicy {
public:
  explicit TriggerPolicy(const TriggerOptions& options);

  /// Periodic checkpoints begin: the first after `first_delay`, which the caller draws from
  /// [min_pause, interval], so that the jobs of a cluster do not all begin at once.
  void start(Duration now, Duration first_delay);
  /// No checkpoints of any kind until the next `start` or `resume`; requests are forgotten.
  void stop();
  bool is_running() const { return is_running_; }
  /// Goes on after `stop`: what became due meanwhile is due now.
  void resume() { is_running_ = true; }

  /// From now on periodic checkpoints come at this interval, above 0, unless a backlog has its own:
  /// the next one so long after the last, or now if that is past. Only if there have been any.
  void set_interval(Duration interval);

  /// Sources read a backlog from now on, or none does. When it ends, and no periodic checkpoints
  /// were taken meanwhile, the next is due now.
  void on_backlog(bool is_backlog, Duration now);

  /// Asks for one as soon as possible, but not before `earliest`. Asking twice for a kind is asking
  /// once. A periodic one comes sooner by that, if there are any; it waits for the pause all the
  /// same.
  void request(CheckpointKind kind, Duration earliest);

  /// A checkpoint has ended, well or not; `min_pause` counts from here.
  void on_ended(Duration now) { last_end_ = now; }

  /// Returns the kind of checkpoint to start now, if any, and counts it as started. `under_way` is
  /// the number of those that have started and not ended.
  std::optional<CheckpointKind> take(Duration now, int under_way);

  /// Returns when `take` should be called again even if nothing else happens.
  std::optional<Duration> next_wake(int under_way) const;

private:
  bool has_room(int under_way) const { return under_way < max_concurrent_; }
  Duration due() const;
  Duration interval() const;

  Duration interval_;
  std::optional<Duration> interval_in_backlog_;
  Duration min_pause_;
  int max_concurrent_;
  bool is_running_ = false;
  bool is_backlog_ = false;
  Duration next_periodic_{};                        // when running and interval() > 0
  std::optional<Duration> last_end_;                // of any checkpoint
  std::optional<Duration> stop_requested_;          // earliest time for it
  std::optional<Duration> end_of_input_requested_;  // likewise
};

}  // namespace weir::checkpoint
