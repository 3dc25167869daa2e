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

std::vector<const detail::EdgeType*> channel_types(const Plan& plan, SubtaskId self) {
  std::vector<const detail::EdgeType*> types;
  for (const ChannelEnd& end : plan.inputs_of(self))
    types.push_back(plan.edges()[end.edge].type.get());
  return types;
}

InputStep worked() {
  return InputStep{.kind = InputStep::Kind::worked};
}

}  // namespace

ChannelInput::ChannelInput(const Plan& plan, SubtaskId self, Chain& chain, SubtaskPort& port)
    : types_{channel_types(plan, self)},
      chain_{chain},
      port_{port},
      gate_{types_.size(),
            static_cast<std::uint32_t>(plan.graph().options.network.batches_per_channel)},
      aligner_{checkpoint::Aligner::make(mode_of(plan), types_.size())},
      has_ended_(types_.size()) {}

Result<InputStep> ChannelInput::step() {
  if (current_.batch) return process_slice();
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
      return self.begin_batch(channel, self.types_[channel.value()]->decode(encoded.bytes));
    }
    Result<InputStep> operator()(checkpoint::Barrier& barrier) {
      return self.on_barrier(channel, barrier);
    }
    Result<InputStep> operator()(CancelBarrier& cancelled) { return self.on_cancel(cancelled.id); }
    Result<InputStep> operator()(EndOfData&) { return self.on_end(channel); }
  };
  return std::visit(Visitor{*this, channel}, next->element);
}

Result<InputStep> ChannelInput::begin_batch(ChannelIndex channel, detail::BatchRef batch) {
  if (!batch)
    return Status{ErrorCode::corrupt,
                  "a batch on channel " + std::to_string(channel.value()) + " cannot be decoded"};
  // Operators may change a batch, so one that other subtasks hold as well is copied.
  if (batch->is_shared()) batch = batch->copy();
  current_ = {channel, std::move(batch), 0};
  return process_slice();
}

InputStep ChannelInput::process_slice() {
  const std::size_t begin = current_.at;
  current_.at = chain_.process(*current_.batch, begin);
  records_ += current_.at - begin;
  port_.processed(records_);
  if (current_.at < current_.batch->size()) return worked();
  current_.batch = {};
  if (const std::uint32_t credits = gate_.processed(current_.channel); credits != 0)
    port_.grant(current_.channel, credits);
  return worked();
}

InputStep ChannelInput::on_barrier(ChannelIndex channel, const checkpoint::Barrier& barrier) {
  InputStep step = worked();
  const auto outcome = aligner_->on_barrier(channel, barrier, port_.now());
  if (outcome.started) start_delays_[barrier.id] = port_.wall() - barrier.triggered_at;
  step.aligning = outcome.started;
  apply(outcome, step);
  if (outcome.block_channel) gate_.block(channel);
  return step;
}

InputStep ChannelInput::on_cancel(CheckpointId id) {
  InputStep step = worked();
  apply(aligner_->on_cancel(id), step);
  step.cancelled.push_back({id, std::nullopt});
  return step;
}

std::vector<InputStep::Cancelled> ChannelInput::cancel(CheckpointId id) {
  InputStep step;
  apply(aligner_->on_cancel(id), step);
  std::erase_if(step.cancelled, [&](const auto& cancelled) { return cancelled.id == id; });
  return std::move(step.cancelled);
}

InputStep ChannelInput::on_end(ChannelIndex channel) {
  InputStep step = worked();
  has_ended_[channel.value()] = true;
  const bool all = std::find(has_ended_.begin(), has_ended_.end(), false) == has_ended_.end();
  if (all) step.kind = InputStep::Kind::ended;
  return step;
}

void ChannelInput::apply(const checkpoint::AlignerOutcome& outcome, InputStep& step) {
  for (const auto& aborted : outcome.aborted) {
    start_delays_.erase(aborted.id);
    step.cancelled.push_back({aborted.id, aborted.reason});
  }
  if (outcome.unblock_all) gate_.unblock_all();
  if (outcome.snapshot) {
    const auto& [barrier, alignment] = *outcome.snapshot;
    step.snapshot = {barrier, start_delays_[barrier.id], alignment};
    start_delays_.erase(barrier.id);
  }
}

}  // namespace weir::runtime
