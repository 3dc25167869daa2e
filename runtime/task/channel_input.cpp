#include "runtime/task/channel_input.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {
namespace {

checkpoint::BarrierMode mode_of(const Plan& plan) {
  return plan.graph().options.checkpoint.guarantee == Guarantee::exactly_once
             ? checkpoint::BarrierMode::aligned
             : checkpoint::BarrierMode::at_least_once;
}

std::unique_ptr<checkpoint::Aligner> make_aligner(const Plan& plan, SubtaskId self) {
  std::vector<bool> held;
  for (const ChannelEnd& end : plan.inputs_of(self))
    held.push_back(is_held(plan.edges()[end.edge].partition));
  const std::size_t channels = held.size();
  return checkpoint::Aligner::make(mode_of(plan), channels, std::move(held));
}

InputStep worked() {
  return InputStep{.kind = InputStep::Kind::worked};
}

}  // namespace

ChannelInput::ChannelInput(const Plan& plan, SubtaskId self, Chain& chain, SubtaskPort& port)
    : self_{self.index},
      chain_{chain},
      port_{port},
      gate_{plan.inputs_of(self).size(),
            static_cast<std::uint32_t>(plan.graph().options.network.batches_per_channel)},
      aligner_{make_aligner(plan, self)},
      timer_{plan.graph().options.checkpoint.aligned_timeout} {
  for (const ChannelEnd& end : plan.inputs_of(self))
    channels_.push_back({end.edge, plan.edges()[end.edge].type.get(), false});
}

Status ChannelInput::push(ChannelIndex channel, Frame frame) {
  if (recording_) recording_->on_arrival(channel, channels_[channel.value()].edge, frame.element);
  return gate_.push(channel, std::move(frame));
}

Result<InputStep> ChannelInput::step() {
  if (current_.batch) return process_slice();
  if (!recovered_.empty()) return begin_recovered();
  auto next = gate_.next();
  if (!next) return InputStep{};
  const ChannelIndex channel = next->channel;
  struct Visitor {
    ChannelInput& self;
    ChannelIndex channel;
    Result<InputStep> operator()(detail::BatchRef& batch) {
      return self.begin_batch(channel, std::move(batch));
    }
    Result<InputStep> operator()(EncodedBatch& encoded) {
      return self.begin_batch(channel, self.channels_[channel.value()].type->decode(encoded.bytes));
    }
    Result<InputStep> operator()(checkpoint::Barrier& barrier) {
      return self.on_barrier(channel, barrier);
    }
    Result<InputStep> operator()(CancelBarrier& cancelled) {
      return self.on_cancel(channel, cancelled.id);
    }
    Result<InputStep> operator()(EndOfData&) { return self.on_end(channel); }
  };
  return std::visit(Visitor{*this, channel}, next->element);
}

InputStep ChannelInput::begin_recovered() {
  RecoveredBatch& next = recovered_.front();
  current_ = {next.edge.value(), std::nullopt, std::move(next.batch), 0};
  recovered_.pop_front();
  return process_slice();
}

Result<InputStep> ChannelInput::begin_batch(ChannelIndex channel, detail::BatchRef batch) {
  if (!batch)
    return Status{ErrorCode::corrupt,
                  "a batch on channel " + std::to_string(channel.value()) + " cannot be decoded"};
  // Operators may change a batch, so one that others hold as well is copied.
  if (batch->is_shared()) batch = batch->copy();
  current_ = {channels_[channel.value()].edge, channel, std::move(batch), 0};
  return process_slice();
}

InputStep ChannelInput::process_slice() {
  const std::size_t begin = current_.at;
  current_.at = chain_.process(*current_.batch, begin);
  records_ += current_.at - begin;
  port_.processed(records_);
  if (current_.at < current_.batch->size()) return worked();
  current_.batch = {};
  if (!current_.channel) return worked();
  if (const std::uint32_t credits = gate_.processed(*current_.channel); credits != 0)
    port_.grant(*current_.channel, credits);
  return worked();
}

InputStep ChannelInput::on_barrier(ChannelIndex channel, const checkpoint::Barrier& barrier) {
  InputStep step = worked();
  const auto outcome = aligner_->on_barrier(channel, barrier, port_.now());
  begin_alignment(barrier, outcome, step);
  apply(outcome, step);
  if (outcome.block_channel) gate_.block(channel);
  return step;
}

std::optional<InputStep> ChannelInput::look_ahead() {
  if (const auto announced = gate_.next_announced()) return on_announced(*announced);
  const auto due = timer_.take_due(port_.now());
  if (!due) return std::nullopt;
  InputStep step = worked();
  apply(aligner_->on_timeout(*due, port_.now()), step);
  return step;
}

InputStep ChannelInput::on_announced(const InputGate::Announced& announced) {
  const auto& [channel, barrier] = announced;
  InputStep step = worked();
  const auto outcome = aligner_->on_announced(channel, barrier, port_.now());
  begin_alignment(barrier, outcome, step);
  // While it is recorded a barrier has no more to say than that it is there. What lies ahead of it
  // has been noted when it came.
  if (recording_ && recording_->id() == barrier.id) gate_.take_out(channel, barrier.id);
  apply(outcome, step);
  return step;
}

void ChannelInput::begin_alignment(const checkpoint::Barrier& barrier,
                                   const checkpoint::AlignerOutcome& outcome, InputStep& step) {
  step.aligning = outcome.started;
  if (!outcome.started) return;
  start_delays_[barrier.id] = port_.wall() - barrier.triggered_at;
  timer_.arm(barrier, port_.now(), port_.wall());
}

InputStep ChannelInput::on_cancel(ChannelIndex channel, CheckpointId id) {
  InputStep step = worked();
  apply(aligner_->on_cancel(channel, id), step);
  return step;
}

bool ChannelInput::cancel(CheckpointId id) {
  InputStep step;
  apply(aligner_->on_aborted(id), step);
  return !step.cancelled.empty();
}

InputStep ChannelInput::on_end(ChannelIndex channel) {
  InputStep step = worked();
  channels_[channel.value()].has_ended = true;
  const bool all = std::all_of(channels_.begin(), channels_.end(),
                               [](const Channel& some) { return some.has_ended; });
  if (all) step.kind = InputStep::Kind::ended;
  return step;
}

void ChannelInput::apply(const checkpoint::AlignerOutcome& outcome, InputStep& step) {
  for (const auto& aborted : outcome.aborted) {
    forget(aborted.id);
    step.cancelled.push_back({aborted.id, aborted.reason});
  }
  if (outcome.cancelled) {
    forget(*outcome.cancelled);
    step.cancelled.push_back({*outcome.cancelled, std::nullopt});
  }
  if (outcome.unblock_all) gate_.unblock_all();
  if (outcome.snapshot) {
    const auto& [barrier, alignment, overtaken] = *outcome.snapshot;
    timer_.disarm();
    step.snapshot = {barrier, start_delays_[barrier.id], alignment, !overtaken.empty()};
    start_delays_.erase(barrier.id);
    if (!overtaken.empty()) begin_recording(barrier.id, overtaken);
  }
  if (outcome.recorded) {
    step.overtaken = {*outcome.recorded, recording_->take()};
    recording_.reset();
  }
}

void ChannelInput::forget(CheckpointId id) {
  start_delays_.erase(id);
  if (recording_ && recording_->id() == id) recording_.reset();
  if (timer_.is_armed() && timer_.id() == id) timer_.disarm();
}

/// Notes all that waits ahead of the barrier on channels where it has not had its turn.
void ChannelInput::begin_recording(CheckpointId id, const std::vector<ChannelIndex>& overtaken) {
  recording_.emplace(id, self_, channels_.size());
  if (current_.batch && current_.at < current_.batch->size())
    recording_->add(current_.edge, current_.batch->copy_from(current_.at));
  for (const RecoveredBatch& later : recovered_) recording_->add(later.edge.value(), later.batch);
  for (const ChannelIndex channel : overtaken) {
    recording_->open(channel);
    for (Element& batch : gate_.ahead_of(channel, id))
      recording_->add(channels_[channel.value()].edge, std::move(batch));
    if (gate_.take_out(channel, id)) recording_->close(channel);
  }
}

}  // namespace weir::runtime
