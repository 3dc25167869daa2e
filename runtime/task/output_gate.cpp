#include "runtime/task/output_gate.hpp"

#include <utility>

namespace weir::runtime {
namespace {

constexpr std::size_t kBlockBytes = 64 << 10;  // twice that carries no more

}  // namespace

OutputGate::OutputGate(FrameSender& sender, std::uint32_t credits, bool force_bytes)
    : sender_{sender}, credits_{credits}, force_bytes_{force_bytes} {}

void OutputGate::add_edge(std::size_t edge, const detail::EdgeType& type, detail::RouterInit init) {
  const auto first = static_cast<std::uint32_t>(channels_.size());
  channels_.resize(first + init.channels);
  const bool is_forward = init.partition == detail::Partition::forward;
  for (std::uint32_t i = first; i < channels_.size(); ++i) {
    channels_[i].credits = credits_;
    channels_[i].edge = edge;
    channels_[i].receiver = is_forward ? init.own_index : i - first;
    channels_[i].is_held = is_held(init.partition);
    if (force_bytes_) encode(ChannelIndex{i});
  }
  edges_.push_back(std::make_unique<Edge>(*this, first));
  init.out = edges_.back().get();
  routers_.emplace(edge, type.make_router(init));
}

void OutputGate::encode(ChannelIndex channel) {
  Channel& c = channels_.at(channel.value());
  if (c.block != nullptr) return;
  c.block = std::make_unique<ByteWriter>();
  c.credits = window_of(c);
}

std::uint32_t OutputGate::window_of(const Channel& channel) const {
  return channel.block == nullptr ? credits_ : kBlockCredits * credits_;
}

std::vector<OutputSituation> OutputGate::situation() const {
  std::vector<OutputSituation> situation;
  for (const Channel& c : channels_)
    situation.push_back({.sent = c.sequence,
                         .credits = c.credits,
                         .window = window_of(c),
                         .waiting = batches_in(c.waiting),
                         .barriers = barriers_in(c.waiting)});
  return situation;
}

detail::Router* OutputGate::router(std::size_t edge) const {
  return routers_.at(edge).get();
}

void OutputGate::broadcast(const Element& mark) {
  flush();
  for (std::uint32_t i = 0; i < channels_.size(); ++i) offer(i, mark);
}

void OutputGate::send_watermark(std::size_t edge, const Watermark& watermark) {
  routers_.at(edge)->flush();
  for (std::uint32_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].edge != edge) continue;
    flush_block(i);
    offer(i, watermark);
  }
}

std::vector<OvertakenBatches> OutputGate::broadcast_ahead(const checkpoint::Barrier& barrier) {
  flush();
  std::vector<OvertakenBatches> overtaken;
  for (std::uint32_t i = 0; i < channels_.size(); ++i) {
    const Channel& c = channels_[i];
    if (c.is_held) {
      offer(i, barrier);
      continue;
    }
    if (!c.waiting.empty()) overtaken.push_back(overtaken_on(c, barrier.id));
    send(i, barrier);
  }
  return overtaken;
}

std::vector<OvertakenBatches> OutputGate::overtake(CheckpointId id) {
  std::vector<OvertakenBatches> overtaken;
  for (std::uint32_t i = 0; i < channels_.size(); ++i) {
    Channel& c = channels_[i];
    const auto at = find_barrier(c.waiting, id);
    if (c.is_held || at == c.waiting.end()) continue;
    overtaken.push_back(overtaken_on(c, id));
    auto barrier = std::get<checkpoint::Barrier>(std::move(*at));
    c.waiting.erase(at);
    --waiting_;
    --held_barriers_;
    barrier.mode = checkpoint::BarrierMode::unaligned;
    send(i, std::move(barrier));
  }
  return overtaken;
}

OvertakenBatches OutputGate::overtaken_on(const Channel& channel, CheckpointId barrier) {
  return {.edge = channel.edge,
          .receiver = channel.receiver,
          .side = state::ChannelSide::sent,
          .batches = batches_ahead(channel.waiting, barrier)};
}

void OutputGate::flush() {
  for (const auto& [edge, router] : routers_) router->flush();
  for (std::uint32_t i = 0; i < channels_.size(); ++i) flush_block(i);
}

void OutputGate::flush_block(std::uint32_t channel) {
  if (const auto& block = channels_[channel].block; block != nullptr && block->size() != 0)
    send_block(channel);
}

void OutputGate::add_credits(ChannelIndex channel, std::uint32_t credits) {
  Channel& c = channels_.at(channel.value());
  c.credits += credits;
  while (!c.waiting.empty() && can_send(c, c.waiting.front())) {
    Element element = std::move(c.waiting.front());
    c.waiting.pop_front();
    --waiting_;
    if (c.holds(element)) --held_barriers_;
    send(channel.value(), std::move(element));
  }
}

void OutputGate::put(std::uint32_t channel, detail::BatchRef batch) {
  records_sent_ += batch->size();
  ++batches_sent_;
  const Channel& c = channels_[channel];
  ByteWriter* block = c.block.get();
  if (block == nullptr) return offer(channel, std::move(batch));
  if (block->size() == 0) block->reserve(c.block_bytes);
  batch->encode(*block);
  if (block->size() >= kBlockBytes) send_block(channel);
}

void OutputGate::send_block(std::uint32_t channel) {
  Channel& c = channels_[channel];
  c.block_bytes = c.block->size();
  offer(channel, EncodedBatch{c.block->take()});
}

void OutputGate::offer(std::uint32_t channel, Element element) {
  Channel& c = channels_[channel];
  if (c.waiting.empty() && can_send(c, element)) return send(channel, std::move(element));
  if (c.holds(element)) ++held_barriers_;
  if (enqueue(c.waiting, std::move(element))) ++waiting_;
}

bool OutputGate::can_send(const Channel& channel, const Element& element) {
  return channel.credits > 0 || !is_batch(element);
}

void OutputGate::send(std::uint32_t channel, Element element) {
  Channel& c = channels_[channel];
  if (is_batch(element)) --c.credits;
  sender_.send(ChannelIndex{channel}, Frame{++c.sequence, std::move(element)});
}

}  // namespace weir::runtime
