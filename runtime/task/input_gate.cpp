#include "runtime/task/input_gate.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir::runtime {
namespace {

constexpr std::size_t kFedBackMuch = 64;  // batches: more than that delays barriers to no purpose

/// Notes a mark that leaves a queue.
void note_mark(const Element& element, CheckpointId& passed) {
  if (const auto* barrier = std::get_if<checkpoint::Barrier>(&element))
    passed = std::max(passed, barrier->id);
  else if (const auto* cancelled = std::get_if<CancelBarrier>(&element))
    passed = std::max(passed, cancelled->id);
}

}  // namespace

InputGate::InputGate(std::size_t channels, std::uint32_t credits, const DebloatOptions& debloat)
    : channels_(channels), credits_{credits}, group_{std::max(1U, credits / 2)} {
  if (debloat.enabled) debloater_.emplace(debloat, credits);
}

Status InputGate::push(ChannelIndex channel, Frame frame) {
  Channel& c = channels_.at(channel.value());
  if (frame.sequence != c.received + 1)
    return {ErrorCode::corrupt, "channel " + std::to_string(channel.value()) + " expected frame " +
                                    std::to_string(c.received + 1) + " and received " +
                                    std::to_string(frame.sequence)};
  c.received = frame.sequence;
  if (const auto* barrier = std::get_if<checkpoint::Barrier>(&frame.element);
      barrier != nullptr && (may_overtake(*barrier) || c.is_feedback))
    announced_.push_back({channel, *barrier});
  if (c.is_feedback && is_batch(frame.element)) ++fed_back_;
  if (std::holds_alternative<EncodedBatch>(frame.element)) c.factor = kBlockCredits;
  enqueue(c.queue, std::move(frame.element));
  list_if_ready(channel.value());
  return {};
}

std::optional<InputGate::Next> InputGate::next() {
  is_turn_of_fed_back_ = !is_turn_of_fed_back_ || fed_back_ > kFedBackMuch;
  Ready& first = is_turn_of_fed_back_ ? fed_back_ready_ : ready_;
  Ready& second = is_turn_of_fed_back_ ? ready_ : fed_back_ready_;
  if (auto next = next_of(first)) return next;
  return next_of(second);
}

std::optional<InputGate::Next> InputGate::next_of(Ready& ready) {
  while (!ready.empty()) {
    const std::uint32_t index = ready.front();
    ready.pop_front();
    Channel& c = channels_[index];
    c.is_ready = false;
    if (c.is_blocked || c.queue.empty()) continue;
    Next next{ChannelIndex{index}, std::move(c.queue.front())};
    c.queue.pop_front();
    if (is_batch(next.element))
      fed_back_ -= c.is_feedback ? 1 : 0;
    else
      note_mark(next.element, c.passed);
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
  Channel& c = channels_.at(channel.value());
  const auto at = find_barrier(c.queue, barrier);
  if (at == c.queue.end()) return false;
  note_mark(*at, c.passed);
  c.queue.erase(at);
  return true;
}

void InputGate::block(ChannelIndex channel) {
  channels_.at(channel.value()).is_blocked = true;
}

void InputGate::unblock(ChannelIndex channel) {
  channels_.at(channel.value()).is_blocked = false;
  list_if_ready(channel.value());
}

void InputGate::unblock_all() {
  for (std::uint32_t i = 0; i < channels_.size(); ++i) unblock(ChannelIndex{i});
}

std::uint32_t InputGate::processed(ChannelIndex channel) {
  Channel& c = channels_.at(channel.value());
  const std::uint32_t kept = kept_ * c.factor;
  if (++c.owed < kept + group_) return 0;
  return std::exchange(c.owed, kept) - kept;
}

void InputGate::note_batch(Duration now) {
  if (!debloater_->note_batch(now)) return;
  if (const auto credits = debloater_->decide(now, in_use())) limit(*credits);
}

/// Returns how many channels anything waits on; those with more credits count more.
std::uint32_t InputGate::in_use() const {
  std::uint32_t all = 0;
  for (const Channel& c : channels_) all += c.queue.empty() ? 0 : c.factor;
  return all;
}

/// Each channel gets so many credits. Those that are too many are kept as they come back; those
/// that are too few go out with the next batch: there is one, since no group takes all of them.
void InputGate::limit(std::uint32_t credits) {
  kept_ = credits_ - credits;
  group_ = std::max(1U, credits / 2);
}

std::vector<InputSituation> InputGate::situation() const {
  std::vector<InputSituation> situation;
  for (const Channel& c : channels_)
    situation.push_back({.received = c.received,
                         .batches = batches_in(c.queue),
                         .owed = c.owed,
                         .is_blocked = c.is_blocked,
                         .is_feedback = c.is_feedback,
                         .passed = c.passed,
                         .barriers = barriers_in(c.queue)});
  return situation;
}

void InputGate::list_if_ready(std::uint32_t index) {
  Channel& c = channels_[index];
  if (c.is_ready || c.is_blocked || c.queue.empty()) return;
  c.is_ready = true;
  (c.is_feedback ? fed_back_ready_ : ready_).push_back(index);
}

}  // namespace weir::runtime
