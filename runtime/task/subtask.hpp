// Subtask: one parallel instance of a chain of operators, as a state machine. Frames, credits and
// commands come in; frames, credits and reports go out through a SubtaskPort. It has no thread, no
// clock and no actor of its own.
//
//   running ──(all inputs have ended)──► firing ──(event time has come to its end)──► finishing
//   finishing ──(all is emitted)──► drained ──────────────────────────────────────┐
//   running, firing ──(a stop barrier)──► stopped ────────────────────────────────┤
//                                       (the job's last checkpoint has completed) ▼
//                                               done ◄──(all is committed)──── ending
//
// It may fail in any of these, once, and then does nothing any more. A drained subtask takes part
// in checkpoints until the whole job has drained: one of them commits what it emitted last.
//
// Invariants
//  - A barrier is forwarded, and the state frozen, between two records: one atomic step.
//  - A barrier that overtakes is handled whatever waits, but neither before the subtask has begun
//    nor while it emits what is due at its end: there is no state to say how far that has come.
//  - No input is taken while anything waits in the output gate.
//  - What a watermark makes its operators emit is emitted before anything behind it is taken in.
//  - What its first operator asks others about waits beside all this: input goes on while there is
//    room for more requests, barriers pass at any time, watermarks and the end wait for answers.
//  - Each checkpoint is handled once: later marks for it, and for older ones, change nothing.
//  - The barrier of a drain lies behind the end of the data: a source that is told to drain ends
//    its input, and every subtask emits the barrier when it has drained. In between a source takes
//    part in no other.
#pragma once

#include "runtime/task/activity.hpp"
#include "runtime/task/chain.hpp"
#include "runtime/task/channel_input.hpp"
#include "runtime/task/port.hpp"
#include "runtime/task/snapshot_taker.hpp"
#include "runtime/task/source_input.hpp"
#include "runtime/task/subtask_metrics.hpp"
#include "runtime/task/user_error.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace weir::runtime {

/// What a subtask is built with.
struct SubtaskInit {
  SubtaskId id = {};
  AttemptId attempt = {};
  std::string run = {};          // which start of the job
  Env* env = nullptr;            // for sources and sinks
  const Clock* clock = nullptr;  // likewise
  SnapshotPlace place = {};
  detail::StateBackend* backend = nullptr;  // null: state is in memory
  bool force_bytes = false;  // encode every batch, also between actors of one process
  bool is_finished = false;  // restored from behind its end
};

/// See the file comment. Every public function is one turn; one thread at a time. Killed, thrown by
/// the port, passes through; the subtask must not be used afterwards.
class Subtask {
public:
  /// When `drive` should be called again, if no event comes before.
  struct Next {
    enum class When : std::uint8_t { on_event, at_once, at_time } when = When::on_event;
    Duration time{};  // monotonic, for `at_time`
  };

  /// Builds the chain. `plan` and `port` must outlive the subtask. Throws UserError if an operator
  /// cannot be built.
  Subtask(const Plan& plan, SubtaskInit init, SubtaskPort& port);

  /// The chain's keyed states, to be filled before `start`.
  const std::vector<ChainState>& states() const { return chain_->states(); }
  /// Those that belong to no key, likewise.
  const std::vector<ChainOperatorState>& operator_states() const {
    return chain_->operator_states();
  }

  /// The receiver of this output channel is in another process. To be said before `start`.
  void set_remote(ChannelIndex output) { output_.encode(output); }

  /// How far event time had come at the restored checkpoint. Likewise.
  void recover(Timestamp event_time);
  /// What barriers of that checkpoint had overtaken. Likewise.
  void recover(std::vector<RecoveredBatch> batches);

  /// All subtasks of the job are in place and restored: begins.
  void start();

  void on_frame(ChannelIndex channel, Frame frame);
  void on_credits(ChannelIndex channel, std::uint32_t credits);
  void on_splits(std::vector<state::SplitPosition> splits, bool no_more);
  /// For sources: the slowest of the group that its watermarks are aligned with has come so far.
  void on_group_time(Timestamp least);
  /// For sources: emit this barrier now.
  void on_trigger(const checkpoint::Barrier& barrier);
  /// With `is_last` the job ends with this checkpoint.
  void on_completed(CheckpointId id, bool is_last);
  void on_aborted(CheckpointId id);
  /// Hands over what sinks without transactions hold; for a job that ends without a checkpoint.
  void flush_sinks();

  /// Works for a bounded time. To be called after every event, and when `Next` says so.
  Next drive();

  /// Calls `then`, which the port was asked to run, as a turn.
  void resume(const std::function<void()>& then);

  SubtaskCounters counters() const;
  /// What it counts and measures, and what its operators do. Not while a turn is under way.
  SubtaskMetrics metrics() const;
  /// How it stands between two turns.
  SubtaskSituation situation() const;

private:
  enum class Life : std::uint8_t {
    created,
    running,
    firing,
    finishing,
    drained,
    stopped,
    ending,
    done,
    failed
  };
  /// When half-full batches are sent.
  struct Flushes {
    Duration timeout{};  // after this long
    Duration last{};
  };
  /// What the marks among the records have said so far.
  struct Marks {
    CheckpointId handled = {};                    // the newest checkpoint forwarded or cancelled
    std::optional<CheckpointId> stopped_by = {};  // the checkpoint whose stop barrier has come
    std::optional<InputStep::Due> drain = {};     // held until all has been emitted
    bool has_ended = false;                       // all inputs have
    OvertakeTimer held;  // of the checkpoint whose barrier waits behind batches on the way out
  };

  /// Runs a turn; turns what user code throws into a failure of the subtask.
  template <class F>
  void guarded(F&& f) {
    if (!is_alive()) return;
    try {
      f();
    } catch (const UserError& error) {
      fail({error.operator_name(), error.what()});
    }
  }
  bool is_alive() const { return life_ != Life::failed && life_ != Life::done; }
  bool work(Next& next);
  bool run(Next& next);
  void wait_for_timers(Next& next) const;
  bool pass_answers();
  bool end_time(Next& next);
  bool take_step(Next& next);
  void apply(InputStep step);
  void take_snapshot(const InputStep::Due& due);
  OvertakenSoFar forward(const checkpoint::Barrier& barrier);
  bool can_look_ahead() const;
  void look_ahead();
  void release_barriers();
  void wait_for_others(Next& next) const;
  bool awaits_answers() const;
  Activity::Between waits_for(const Next& next) const;
  void give_up(const std::vector<InputStep::Cancelled>& cancelled);
  void cancel(CheckpointId id);
  void drain();
  void go_on();
  void finish();
  void end_if_done();
  void fail(TaskFailure failure);

  SubtaskPort& port_;
  checkpoint::Speaker self_;
  Flushes flushes_;
  OutputGate output_;
  std::shared_ptr<Chain> chain_;      // shared with snapshots that are being written
  SourceInput* source_ = nullptr;     // input_ as what it is, or null
  ChannelInput* channels_ = nullptr;  // likewise
  std::unique_ptr<TaskInput> input_;
  std::unique_ptr<SnapshotTaker> snapshots_;
  Life life_ = Life::created;
  Marks marks_;
  Activity activity_;
};

}  // namespace weir::runtime
