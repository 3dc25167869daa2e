#include "runtime/task/end_of_input.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {

EndOfInput::EndOfInput(VertexId self, std::vector<bool> is_feedback)
    : self_{self}, is_feedback_{std::move(is_feedback)}, is_over_(is_feedback_.size()) {}

bool EndOfInput::is_iteration() const {
  return std::find(is_feedback_.begin(), is_feedback_.end(), true) != is_feedback_.end();
}

bool EndOfInput::on_records(ChannelIndex channel) {
  is_busy_ = is_busy_ || is_feedback_[channel.value()];
  return !has_ended_;
}

EndOfInput::Step EndOfInput::on_end(ChannelIndex channel) {
  if (is_over_[channel.value()] || has_ended_) return {};
  is_over_[channel.value()] = true;
  if (is_feedback_[channel.value()]) return {};  // its sender has heard of the end earlier
  for (std::uint32_t i = 0; i < is_over_.size(); ++i) {
    if (!is_over_[i] && !is_feedback_[i]) return pass_on_complete();
  }
  if (is_iteration()) return next_round();
  has_ended_ = true;
  return {.has_ended = true};
}

EndOfInput::Step EndOfInput::on_probe(ChannelIndex channel, const EndProbe& probe) {
  if (probe.iteration == self_) return come_back(channel, probe);
  if (is_iteration()) return {};  // it began before this one, which has a probe of its own
  Round& round = rounds_[probe.iteration];
  return note(round, channel, probe) ? pass_on_complete() : Step{};
}

EndOfInput::Step EndOfInput::come_back(ChannelIndex channel, const EndProbe& probe) {
  if (probe.round > own_.number) note(ahead_, channel, probe);
  if (has_ended_ || probe.round != own_.number || !note(own_, channel, probe)) return {};
  for (std::uint32_t i = 0; i < is_feedback_.size(); ++i) {
    if (is_feedback_[i] && !own_.has_come[i]) return {};
  }
  if (own_.is_busy) return next_round();
  has_ended_ = true;
  return {.has_ended = true};
}

EndOfInput::Step EndOfInput::next_round() {
  Round next{own_.number + 1, false, std::vector<bool>(is_feedback_.size())};
  own_ = ahead_.number == next.number ? std::move(ahead_) : std::move(next);
  return {.has_ended = false, .probes = {{self_, own_.number, std::exchange(is_busy_, false)}}};
}

EndOfInput::Step EndOfInput::pass_on_complete() {
  Step step;
  for (const auto& [iteration, round] : rounds_) {
    if (has_come(round)) step.probes.push_back({iteration, round.number, round.is_busy});
  }
  for (const EndProbe& probe : step.probes) rounds_.erase(probe.iteration);
  return step;
}

/// Returns false if the probe is of an older round.
bool EndOfInput::note(Round& round, ChannelIndex channel, const EndProbe& probe) const {
  if (probe.round < round.number) return false;
  if (probe.round > round.number || round.has_come.empty())
    round = {probe.round, false, std::vector<bool>(is_feedback_.size())};
  round.is_busy = round.is_busy || probe.is_busy;
  round.has_come[channel.value()] = true;
  return true;
}

bool EndOfInput::has_come(const Round& round) const {
  for (std::uint32_t i = 0; i < is_over_.size(); ++i) {
    if (!is_over_[i] && !round.has_come[i]) return false;
  }
  return true;
}

}  // namespace weir::runtime
