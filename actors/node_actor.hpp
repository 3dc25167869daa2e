// NodeActor: hosts the subtasks of a job in one process.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/job_context.hpp"
#include "actors/services.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace weir::actors {

struct NodeState {
  static inline const char* name = "node";
};

NodeActor::behavior_type node_actor(NodeActor::stateful_pointer<NodeState> self,
                                    JobContextPtr context, Services services, JobActor job);

}  // namespace weir::actors
