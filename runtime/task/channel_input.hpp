// ChannelInput: the input of a subtask that reads from other subtasks: channels and their
// alignment.
#pragma once

#include "runtime/task/chain.hpp"
#include "runtime/task/input_gate.hpp"
#include "runtime/task/port.hpp"
#include "runtime/task/task_input.hpp"

#include <map>
#include <memory>
#include <vector>

namespace weir::runtime {

/// See the file comment.
class ChannelInput final : public TaskInput {
public:
  /// `chain` and `port` must outlive the input.
  ChannelInput(const Plan& plan, SubtaskId self, Chain& chain, SubtaskPort& port);

  /// Takes what arrived on a channel; an error says what was lost or repeated.
  Status push(ChannelIndex channel, Frame frame) { return gate_.push(channel, std::move(frame)); }

  Result<InputStep> step() override;
  std::vector<InputStep::Cancelled> cancel(CheckpointId id) override;
  std::uint64_t records() const override { return records_; }

private:
  /// A batch that is being processed, slice by slice.
  struct Current {
    ChannelIndex channel;
    detail::BatchRef batch;  // null: none
    std::size_t at = 0;      // records before it are done
  };

  Result<InputStep> begin_batch(ChannelIndex channel, detail::BatchRef batch);
  InputStep process_slice();
  InputStep on_barrier(ChannelIndex channel, const checkpoint::Barrier& barrier);
  InputStep on_cancel(CheckpointId id);
  InputStep on_end(ChannelIndex channel);
  void apply(const checkpoint::AlignerOutcome& outcome, InputStep& step);

  std::vector<const detail::EdgeType*> types_;  // of the channels' records
  Chain& chain_;
  SubtaskPort& port_;
  InputGate gate_;
  std::unique_ptr<checkpoint::Aligner> aligner_;
  std::map<CheckpointId, Duration> start_delays_;  // of checkpoints being aligned
  std::vector<bool> has_ended_;                    // by channel
  Current current_;
  std::uint64_t records_ = 0;
};

}  // namespace weir::runtime
