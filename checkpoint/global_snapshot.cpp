#include "base/assert.hpp"

#include <weir/global_snapshot.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace weir::snapshots {
namespace {

std::string name(const ProcessSnapshot& part) {
  return to_string(part.process) + " in " + to_string(part.id);
}

bool are_inputs(const std::vector<ChannelState>& states, const std::vector<Channel>& inputs) {
  return std::equal(
      states.begin(), states.end(), inputs.begin(), inputs.end(),
      [](const ChannelState& state, const Channel& input) { return state.channel == input; });
}

}  // namespace

std::string to_string(ProcessId process) {
  return "P" + std::to_string(static_cast<std::uint32_t>(process));
}

std::string to_string(const Channel& channel) {
  std::string text = to_string(channel.from) + "->" + to_string(channel.to);
  if (channel.lane != 0) text += "#" + std::to_string(channel.lane);
  return text;
}

std::string to_string(SnapshotId id) {
  return "snapshot " + std::to_string(id.number) + " of " + to_string(id.initiator);
}

std::vector<Channel> ProcessGraph::inputs_of(ProcessId process) const {
  std::vector<Channel> inputs;
  for (const Channel& channel : channels)
    if (channel.to == process) inputs.push_back(channel);
  return inputs;
}

std::vector<Channel> ProcessGraph::outputs_of(ProcessId process) const {
  std::vector<Channel> outputs;
  for (const Channel& channel : channels)
    if (channel.from == process) outputs.push_back(channel);
  return outputs;
}

Status ProcessGraph::check_initiator(ProcessId initiator) const {
  if (!processes.contains(initiator))
    return {
        ErrorCode::invalid_argument,
        "a snapshot cannot begin at a process that is not in the graph: " + to_string(initiator)};
  std::set<ProcessId> reached{initiator};
  std::vector<ProcessId> next{initiator};
  while (!next.empty()) {
    const ProcessId from = next.back();
    next.pop_back();
    for (const Channel& channel : outputs_of(from))
      if (reached.insert(channel.to).second) next.push_back(channel.to);
  }
  for (const ProcessId process : processes)
    if (!reached.contains(process))
      return {
          ErrorCode::invalid_argument,
          "a snapshot cannot be complete, as no marker would reach every process; add channels, "
          "or begin elsewhere: from " +
              to_string(initiator) + " to " + to_string(process)};
  return {};
}

SnapshotCollector::SnapshotCollector(ProcessGraph graph) : graph_{std::move(graph)} {
  for (const Channel& channel : graph_.channels)
    WEIR_ASSERT(graph_.processes.contains(channel.from) && graph_.processes.contains(channel.to),
                "a channel leads to or from a process that is not in the graph");
}

Result<std::optional<GlobalSnapshot>> SnapshotCollector::add(ProcessSnapshot part) {
  if (Status fits = check(part); !fits.ok()) return fits;
  newest_[{part.process, part.id.initiator}] = part.id.number;
  const auto at = begun_.try_emplace(part.id, GlobalSnapshot{part.id, {}, {}}).first;
  GlobalSnapshot& whole = at->second;
  whole.states.emplace(part.process, std::move(part.state));
  for (ChannelState& input : part.inputs)
    whole.channels.emplace(input.channel, std::move(input.messages));
  if (whole.states.size() < graph_.processes.size()) return std::optional<GlobalSnapshot>{};
  WEIR_ASSERT(whole.channels.size() == graph_.channels.size(),
              "a snapshot of all processes lacks a channel");
  return std::optional{std::move(begun_.extract(at).mapped())};
}

Status SnapshotCollector::check(const ProcessSnapshot& part) const {
  if (!graph_.processes.contains(part.process) || !graph_.processes.contains(part.id.initiator))
    return {ErrorCode::invalid_argument,
            "a part of a snapshot is of a process that is not in the graph: " + name(part)};
  if (!are_inputs(part.inputs, graph_.inputs_of(part.process)))
    return {
        ErrorCode::invalid_argument,
        "a part of a snapshot has other channels than the inputs of its process: " + name(part)};
  const auto newest = newest_.find({part.process, part.id.initiator});
  if (part.id.number == 0 || (newest != newest_.end() && part.id.number <= newest->second))
    return {
        ErrorCode::failed_precondition,
        "a part of a snapshot came twice, or behind a later one; bring each once and in order: " +
            name(part)};
  return {};
}

}  // namespace weir::snapshots
