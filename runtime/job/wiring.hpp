// Wiring: which channel of which subtask leads where: a plan, as those see it who follow the
// channels of running subtasks.
#pragma once

#include "runtime/graph/plan.hpp"
#include "runtime/task/situation.hpp"

#include <map>
#include <string>
#include <vector>

namespace weir::runtime {

/// One subtask. Channels are in the order of their indices.
struct WiredSubtask {
  /// The other end of a channel.
  struct End {
    SubtaskId peer = {};
    std::uint32_t at_peer = 0;  // the channel's index there
  };
  std::string name = {};
  std::vector<End> inputs = {};  // none: it is a source
  std::vector<End> outputs = {};
};

using Wiring = std::map<SubtaskId, WiredSubtask>;

/// How the subtasks of a job stand; who is missing has not said.
using Situations = std::map<SubtaskId, SubtaskSituation>;

/// Returns the wiring of a plan, in time proportional to its channels.
Wiring wiring_of(const Plan& plan);

}  // namespace weir::runtime
