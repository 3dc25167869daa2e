#include "base/assert.hpp"

#include <weir/chandy_lamport.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace weir::snapshots {
namespace {

Status no_input(ProcessId self, const Channel& channel) {
  return {ErrorCode::invalid_argument, "something arrived on what is no input of " +
                                           to_string(self) + ": " + to_string(channel)};
}

bool are_distinct(const std::vector<Channel>& sorted) {
  return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

}  // namespace

ChandyLamport::ChandyLamport(ProcessId self, std::vector<Channel> inputs,
                             std::vector<Channel> outputs, TakeState take_state)
    : self_{self},
      inputs_{std::move(inputs)},
      outputs_{std::move(outputs)},
      take_state_{std::move(take_state)} {
  WEIR_ASSERT(take_state_ != nullptr, "nobody knows the state of the process");
  std::sort(inputs_.begin(), inputs_.end());
  std::sort(outputs_.begin(), outputs_.end());
  WEIR_ASSERT(are_distinct(inputs_) && are_distinct(outputs_),
              "a channel is given twice; tell those with the same ends apart by their lane");
  for (const Channel& input : inputs_)
    WEIR_ASSERT(input.to == self, "an input leads to another process");
  for (const Channel& output : outputs_)
    WEIR_ASSERT(output.from == self, "an output comes from another process");
}

Result<SnapshotStep> ChandyLamport::begin(std::uint64_t number) {
  const SnapshotId id{self_, number};
  if (!is_new(id))
    return Status{ErrorCode::failed_precondition,
                  "a snapshot cannot begin, as its number is not greater than the last one's; "
                  "count upwards from 1: " +
                      to_string(id)};
  const auto at = record(id);
  return SnapshotStep{outputs_, take_if_done(at)};
}

Result<SnapshotStep> ChandyLamport::on_marker(const Channel& channel, SnapshotId id) {
  const auto input = input_of(channel);
  if (!input) return no_input(self_, channel);
  auto at = begun_.find(id);
  const bool is_first = at == begun_.end();
  // Nobody else begins what is ours: a marker of it comes only after `begin`.
  const bool is_possible =
      is_first ? id.initiator != self_ && is_new(id) : at->second.is_open[*input];
  if (!is_possible)
    return Status{ErrorCode::failed_precondition,
                  "a marker came for the second time, or nobody can have sent it; channels must be "
                  "reliable and FIFO, numbers of processes unique: " +
                      to_string(id) + " on " + to_string(channel)};
  if (is_first) at = record(id);
  at->second.is_open[*input] = false;
  --at->second.open;
  return SnapshotStep{is_first ? outputs_ : std::vector<Channel>{}, take_if_done(at)};
}

Status ChandyLamport::on_message(const Channel& channel, std::string_view message) {
  const auto input = input_of(channel);
  if (!input) return no_input(self_, channel);
  for (auto& [id, recording] : begun_)
    if (recording.is_open[*input]) recording.messages[*input].emplace_back(message);
  return {};
}

std::vector<Channel> ChandyLamport::recorded(SnapshotId id) const {
  std::vector<Channel> channels;
  const auto at = begun_.find(id);
  if (at == begun_.end()) return channels;
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    if (at->second.is_open[i]) channels.push_back(inputs_[i]);
  return channels;
}

std::optional<std::size_t> ChandyLamport::input_of(const Channel& channel) const {
  const auto at = std::lower_bound(inputs_.begin(), inputs_.end(), channel);
  if (at == inputs_.end() || *at != channel) return std::nullopt;
  return static_cast<std::size_t>(at - inputs_.begin());
}

bool ChandyLamport::is_new(SnapshotId id) const {
  const auto newest = newest_.find(id.initiator);
  return id.number > (newest == newest_.end() ? 0 : newest->second);
}

/// Takes the state and records all inputs. The state comes first: it is user code and may throw.
ChandyLamport::Recordings::iterator ChandyLamport::record(SnapshotId id) {
  Recording recording{.state = take_state_(),
                      .messages = std::vector<std::vector<Bytes>>(inputs_.size()),
                      .is_open = std::vector<bool>(inputs_.size(), true),
                      .open = inputs_.size()};
  newest_[id.initiator] = id.number;
  const auto [at, is_added] = begun_.emplace(id, std::move(recording));
  WEIR_ASSERT(is_added, "a snapshot begins twice");
  return at;
}

std::optional<ProcessSnapshot> ChandyLamport::take_if_done(Recordings::iterator at) {
  Recording& done = at->second;
  if (done.open != 0) return std::nullopt;
  ProcessSnapshot part{at->first, self_, std::move(done.state), {}};
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    part.inputs.push_back({inputs_[i], std::move(done.messages[i])});
  begun_.erase(at);
  return part;
}

}  // namespace weir::snapshots
