// ChannelInput: the input of a subtask that reads from other subtasks: channels and their
// alignment.
//
// Records that an earlier checkpoint's barrier had overtaken come first: they are older than all
// that arrives, and until they have been handled no barrier gets its turn.
//
// What is fed back is taken at once, however much waits: whoever sends it may be what this subtask
// waits for. So a cycle cannot come to a standstill with all its channels full; but what waits here
// has a limit.
#pragma once

#include "runtime/task/chain.hpp"
#include "runtime/task/end_of_input.hpp"
#include "runtime/task/input_gate.hpp"
#include "runtime/task/input_recording.hpp"
#include "runtime/task/input_time.hpp"
#include "runtime/task/overtake_timer.hpp"
#include "runtime/task/port.hpp"
#include "runtime/task/task_input.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace weir::runtime {

/// A batch that a restored checkpoint's barrier had overtaken.
struct RecoveredBatch {
  std::uint32_t to = 0;                    // index of the operator that takes it, in the graph
  std::optional<std::uint32_t> edge = {};  // index in Plan::edges; none: it is inside a chain
  detail::BatchRef batch = {};
};

/// See the file comment.
class ChannelInput final : public TaskInput {
public:
  /// `plan`, `chain` and `port` must outlive the input.
  ChannelInput(const Plan& plan, SubtaskId self, Chain& chain, SubtaskPort& port);

  /// Event time had come so far when the state was taken; before the first step.
  void recover(Timestamp event_time);
  /// Takes a batch of an edge that is to be handled before anything else; before the first step.
  void recover(RecoveredBatch batch) { recovered_.push_back(std::move(batch)); }

  /// Takes what arrived on a channel; an error says what was lost or repeated.
  Status push(ChannelIndex channel, Frame frame);

  Result<InputStep> step() override;
  bool cancel(CheckpointId id) override;
  std::uint64_t records() const override { return records_; }

  /// Looks at the next barrier that has arrived and may overtake, or at the next time that is up;
  /// none if there is neither. To be called between two records, however much waits.
  std::optional<InputStep> look_ahead();
  /// When it should be called even if nothing arrives.
  std::optional<Duration> looks_ahead_at() const { return alignment_.timer.at(); }

  /// Leaves what is fed back where it is, until it is released: the job stops, and what a barrier
  /// has not seen must have no effect.
  void hold_feedback();
  void release_feedback();

  /// Says how the channels stand, and what is being aligned.
  void show_in(SubtaskSituation& situation) const;

private:
  struct Channel {
    std::size_t edge = 0;  // index in Plan::edges
    const detail::EdgeType* type = nullptr;
    bool is_feedback = false;
  };
  struct Alignment {
    std::unique_ptr<checkpoint::Aligner> aligner;
    OvertakeTimer timer;                                 // of the checkpoint being aligned
    std::map<CheckpointId, Duration> start_delays = {};  // of checkpoints being aligned
  };
  /// A batch that is being processed, slice by slice.
  struct Current {
    std::size_t edge = 0;
    std::optional<ChannelIndex> channel;  // whose sender gets a credit back; none: it is recovered
    detail::BatchRef batch;               // null: none
    std::size_t at = 0;                   // records before it are done
  };

  InputStep begin_recovered();
  Result<InputStep> begin_batch(ChannelIndex channel, detail::BatchRef batch);
  InputStep process_slice();
  InputStep on_barrier(ChannelIndex channel, const checkpoint::Barrier& barrier);
  InputStep on_announced(const InputGate::Announced& announced);
  InputStep on_cancel(ChannelIndex channel, CheckpointId id);
  InputStep on_end(const EndOfInput::Step& end);
  void on_time(const std::optional<Watermark>& watermark);
  Status take_feedback(ChannelIndex channel);
  void begin_alignment(const checkpoint::Barrier& barrier,
                       const checkpoint::AlignerOutcome& outcome, InputStep& step);
  void apply(const checkpoint::AlignerOutcome& outcome, InputStep& step);
  void forget(CheckpointId id);
  void begin_recording(CheckpointId id, const std::vector<ChannelIndex>& overtaken);

  const Plan& plan_;
  std::uint32_t self_;  // number of the subtask in its vertex
  std::vector<Channel> channels_;
  Chain& chain_;
  SubtaskPort& port_;
  InputGate gate_;
  std::size_t feedback_max_;  // batches that may wait for their next round
  EndOfInput end_;
  InputTime time_;
  Alignment alignment_;
  std::optional<InputRecording> recording_;  // of what a barrier overtakes
  std::deque<RecoveredBatch> recovered_;     // not begun yet
  Current current_;
  std::uint64_t records_ = 0;
};

}  // namespace weir::runtime
