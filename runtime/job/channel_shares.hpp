// Who restores which records that a barrier had overtaken. Pure.
//
// All of them go to their receivers, whoever held them, ahead of all that is sent anew: first what
// a receiver had, then what its senders had, as both were in the channels.
//
//   as many receivers as before    each gets what was on its way to it
//   by key, another number         each gets all that was on its way to those whose key groups it
//                                  has now, and drops the records of other groups
//   in turn, another number        receiver i gets those of the old receivers i, i + n, i + 2n, ...
//   inside a chain by now          likewise; they are handled by the operator to which they went
#pragma once

#include "checkpoint/metadata.hpp"
#include "runtime/graph/plan.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace weir::runtime {

/// Records that a subtask restores.
struct ChannelShare {
  state::ChannelStateHandle handle = {};
  std::uint32_t to = 0;                    // index of the operator that takes them, in the graph
  std::optional<std::uint32_t> edge = {};  // index in Plan::edges; none: it is inside a chain
  bool drops_others = false;               // those whose key groups are not the subtask's

  friend bool operator==(const ChannelShare&, const ChannelShare&) = default;
};

/// By subtask, in the order in which they are to be handled. `failed_precondition` names every edge
/// of the checkpoint that the job does not have, or not with the same records, and the cure.
Result<std::map<SubtaskId, std::vector<ChannelShare>>> share_channels(
    const Plan& plan, const checkpoint::CheckpointMetadata& metadata);

}  // namespace weir::runtime
