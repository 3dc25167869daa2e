#include "runtime/task/input_gate.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir::runtime {

InputGate::InputGate(std::size_t channels, std::uint32_t credits)
    : channels_(channels), group_{std::max(1U, credits / 2)} {}

Status InputGate::push(ChannelIndex channel, Frame frame) {
  Channel& c = channels_.at(channel.value());
  if (frame.sequence != c.received + 1)
    return {ErrorCode::corrupt, "channel " + std::to_string(channel.value()) + " expected frame " +
                                    std::to_string(c.received + 1) + " and received " +
                                    std::to_string(frame.sequence)};
  c.received = frame.sequence;
  if (const auto* barrier = std::get_if<checkpoint::Barrier>(&frame.element);
      barrier != nullptr && may_overtake(*barrier))
    announced_.push_back({channel, *barrier});
  c.queue.push_back(std::move(frame.element));
  list_if_ready(channel.value());
  return {};
}

std::optional<InputGate::Next> InputGate::next() {
  while (!ready_.empty()) {
    const std::uint32_t index = ready_.front();
    ready_.pop_front();
    Channel& c = channels_[index];
    c.is_ready = false;
    if (c.is_blocked || c.queue.empty()) continue;
    Next next{ChannelIndex{index}, std::move(c.queue.front())};
    c.queue.pop_front();
    list_if_ready(index);
    return next;
  }
  return std::nullopt;
}

std::optional<InputGate::Announced> InputGate::next_announced() {
  if (announced_.empty()) return std::nullopt;
  Announced next = std::move(announced_.front());
  announced_.pop_front();
  return next;
}

std::vector<Element> InputGate::ahead_of(ChannelIndex channel, CheckpointId barrier) const {
  return batches_ahead(channels_.at(channel.value()).queue, barrier);
}

bool InputGate::take_out(ChannelIndex channel, CheckpointId barrier) {
  auto& queue = channels_.at(channel.value()).queue;
  const auto at = find_barrier(queue, barrier);
  if (at == queue.end()) return false;
  queue.erase(at);
  return true;
}

void InputGate::block(ChannelIndex channel) {
  channels_.at(channel.value()).is_blocked = true;
}

void InputGate::unblock_all() {
  for (std::uint32_t i = 0; i < channels_.size(); ++i) {
    channels_[i].is_blocked = false;
    list_if_ready(i);
  }
}

std::uint32_t InputGate::processed(ChannelIndex channel) {
  Channel& c = channels_.at(channel.value());
  if (++c.owed < group_) return 0;
  return std::exchange(c.owed, 0);
}

void InputGate::list_if_ready(std::uint32_t index) {
  Channel& c = channels_[index];
  if (c.is_ready || c.is_blocked || c.queue.empty()) return;
  c.is_ready = true;
  ready_.push_back(index);
}

}  // namespace weir::runtime
