#include "runtime/task/channel_input.hpp"

#include <string>
#include <utility>

namespace weir::runtime {
namespace {

checkpoint::BarrierMode mode_of(const Plan& plan) {
  return plan.graph().options.checkpoint.guarantee == Guarantee::exactly_once
             ? checkpoint::BarrierMode::aligned
             : checkpoint::BarrierMode::at_least_once;
}

std::unique_ptr<checkpoint::Aligner> make_aligner(const Plan& plan, SubtaskId self) {
  using checkpoint::ChannelKind;
  std::vector<ChannelKind> kinds;
  for (const ChannelEnd& end : plan.inputs_of(self)) {
    const PlanEdge& edge = plan.edges()[end.edge];
    kinds.push_back(edge.is_feedback          ? ChannelKind::feedback
                    : is_held(edge.partition) ? ChannelKind::held
                                              : ChannelKind::plain);
  }
  return checkpoint::Aligner::make(mode_of(plan), std::move(kinds));
}

std::vector<bool> feedback_of(const Plan& plan, SubtaskId self) {
  std::vector<bool> is_feedback;
  for (const ChannelEnd& end : plan.inputs_of(self))
    is_feedback.push_back(plan.edges()[end.edge].is_feedback);
  return is_feedback;
}

InputStep worked() {
  return InputStep{.kind = InputStep::Kind::worked};
}

}  // namespace

ChannelInput::ChannelInput(const Plan& plan, SubtaskId self, Chain& chain, SubtaskPort& port)
    : plan_{plan},
      self_{self.index},
      chain_{chain},
      port_{port},
      gate_{plan.inputs_of(self).size(),
            static_cast<std::uint32_t>(plan.graph().options.network.batches_per_channel),
            plan.graph().options.network.debloat},
      feedback_max_{static_cast<std::size_t>(plan.graph().options.network.batches_per_iteration)},
      end_{self.vertex, feedback_of(plan, self)},
      time_{plan.inputs_of(self).size()},
      alignment_{make_aligner(plan, self),
                 OvertakeTimer{plan.graph().options.checkpoint.aligned_timeout}} {
  for (const ChannelEnd& end : plan.inputs_of(self)) {
    const PlanEdge& edge = plan.edges()[end.edge];
    channels_.push_back({end.edge, edge.type.get(), edge.is_feedback});
  }
  for (std::uint32_t i = 0; i < channels_.size(); ++i) {
    if (!channels_[i].is_feedback) continue;
    gate_.set_feedback(ChannelIndex{i});
    time_.set_feedback(ChannelIndex{i});
  }
}

void ChannelInput::recover(Timestamp event_time) {
  time_.begin_at(event_time);
  chain_.time().set_input({event_time, false});
}

Status ChannelInput::push(ChannelIndex channel, Frame frame) {
  const Channel& c = channels_[channel.value()];
  if (recording_) recording_->on_arrival(channel, c.edge, frame.element);
  const bool is_fed_back = c.is_feedback && is_batch(frame.element);
  if (Status status = gate_.push(channel, std::move(frame)); !status.ok()) return status;
  return is_fed_back ? take_feedback(channel) : Status{};
}

Status ChannelInput::take_feedback(ChannelIndex channel) {
  if (gate_.fed_back() > feedback_max_)
    return {ErrorCode::failed_precondition,
            "more than " + std::to_string(feedback_max_) +
                " batches wait for their next round in the iteration \"" + chain_.head_name() +
                "\": records in it multiply faster than they leave; let fewer of them go round "
                "again, or raise weir.iteration.batches"};
  if (const std::uint32_t credits = gate_.processed(channel); credits != 0)
    port_.grant(channel, credits);
  return {};
}

void ChannelInput::hold_feedback() {
  for (std::uint32_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].is_feedback) gate_.block(ChannelIndex{i});
  }
}

void ChannelInput::release_feedback() {
  for (std::uint32_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].is_feedback) gate_.unblock(ChannelIndex{i});
  }
}

Result<InputStep> ChannelInput::step() {
  if (current_.batch) return process_slice();
  if (!recovered_.empty()) return begin_recovered();
  auto next = gate_.next();
  if (gate_.is_debloated()) gate_.note_input(next.has_value(), port_.now());
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
    Result<InputStep> operator()(EndOfData&) {
      self.on_time(self.time_.on_end(channel));
      return self.on_end(self.end_.on_end(channel));
    }
    Result<InputStep> operator()(EndProbe& probe) {
      return self.on_end(self.end_.on_probe(channel, probe));
    }
    Result<InputStep> operator()(Watermark& watermark) {
      self.on_time(self.time_.on_watermark(channel, watermark));
      return worked();
    }
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
  if (!end_.on_records(channel))
    return Status{ErrorCode::failed_precondition,
                  "records were fed back to the iteration \"" + chain_.head_name() +
                      "\" after its end: an operator in it emits at the end of its input; let it "
                      "emit with each record, or put it behind the iteration"};
  // Operators may change a batch, so one that others hold as well is copied.
  if (batch->is_shared()) batch = batch->copy();
  current_ = {channels_[channel.value()].edge, channel, std::move(batch), 0};
  return process_slice();
}

InputStep ChannelInput::process_slice() {
  if (!chain_.has_room()) return {};
  const std::size_t begin = current_.at;
  current_.at = chain_.process(plan_.edges()[current_.edge], *current_.batch, begin);
  records_ += current_.at - begin;
  port_.processed(records_);
  if (current_.at < current_.batch->size()) return worked();
  current_.batch = {};
  if (!current_.channel) return worked();
  if (gate_.is_debloated()) gate_.note_batch(port_.now());
  if (channels_[current_.channel->value()].is_feedback) return worked();
  if (const std::uint32_t credits = gate_.processed(*current_.channel); credits != 0)
    port_.grant(*current_.channel, credits);
  return worked();
}

InputStep ChannelInput::on_barrier(ChannelIndex channel, const checkpoint::Barrier& barrier) {
  InputStep step = worked();
  const auto outcome = alignment_.aligner->on_barrier(channel, barrier, port_.now());
  begin_alignment(barrier, outcome, step);
  apply(outcome, step);
  if (outcome.block_channel) gate_.block(channel);
  return step;
}

std::optional<InputStep> ChannelInput::look_ahead() {
  if (const auto announced = gate_.next_announced()) return on_announced(*announced);
  const auto due = alignment_.timer.take_due(port_.now());
  if (!due) return std::nullopt;
  InputStep step = worked();
  apply(alignment_.aligner->on_timeout(*due, port_.now()), step);
  return step;
}

InputStep ChannelInput::on_announced(const InputGate::Announced& announced) {
  const auto& [channel, barrier] = announced;
  InputStep step = worked();
  const auto outcome = alignment_.aligner->on_announced(channel, barrier, port_.now());
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
  alignment_.start_delays[barrier.id] = port_.wall() - barrier.triggered_at;
  alignment_.timer.arm(barrier, port_.now(), port_.wall());
}

InputStep ChannelInput::on_cancel(ChannelIndex channel, CheckpointId id) {
  InputStep step = worked();
  apply(alignment_.aligner->on_cancel(channel, id), step);
  return step;
}

bool ChannelInput::cancel(CheckpointId id) {
  InputStep step;
  apply(alignment_.aligner->on_aborted(id), step);
  return !step.cancelled.empty();
}

void ChannelInput::on_time(const std::optional<Watermark>& watermark) {
  if (watermark) chain_.time().set_input(*watermark);
}

InputStep ChannelInput::on_end(const EndOfInput::Step& end) {
  return {.kind = end.has_ended ? InputStep::Kind::ended : InputStep::Kind::worked,
          .probes = end.probes};
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
    alignment_.timer.disarm();
    step.snapshot = {barrier, alignment_.start_delays[barrier.id], alignment, !overtaken.empty()};
    alignment_.start_delays.erase(barrier.id);
    if (!overtaken.empty()) begin_recording(barrier.id, overtaken);
  }
  if (outcome.recorded) {
    step.overtaken = {*outcome.recorded, recording_->take()};
    recording_.reset();
  }
}

/// A batch that is being handled still waits, and is ahead of all barriers on its channel.
void ChannelInput::show_in(SubtaskSituation& situation) const {
  situation.inputs = gate_.situation();
  if (current_.batch && current_.channel) {
    InputSituation& input = situation.inputs[current_.channel->value()];
    ++input.batches;
    for (WaitingBarrier& barrier : input.barriers) ++barrier.ahead;
  }
  if (const auto& begun = alignment_.start_delays; !begun.empty())
    situation.aligning = begun.rbegin()->first;
  situation.overtakes_later = alignment_.timer.is_armed();
}

void ChannelInput::forget(CheckpointId id) {
  alignment_.start_delays.erase(id);
  if (recording_ && recording_->id() == id) recording_.reset();
  if (alignment_.timer.is_armed() && alignment_.timer.id() == id) alignment_.timer.disarm();
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
