#include "actors/node_actor.hpp"

#include "actors/subtask_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

NodeActor::behavior_type node_actor(NodeActor::stateful_pointer<NodeState> self,
                                    JobContextPtr context, Services services, JobActor job) {
  return {
      [=](DeployTasks& deploy) {
        TasksDeployed deployed{deploy.attempt, {}};
        for (auto& [id, restore] : deploy.tasks) {
          SubtaskSpawn spawn{context,         services, job, id, deploy.attempt, std::move(restore),
                             deploy.directory};
          auto actor = self->spawn(subtask_actor, std::move(spawn));
          services.roster.add(context->plan().name_of(id),
                              caf::actor_cast<caf::strong_actor_ptr>(actor));
          deployed.tasks.push_back({id, deploy.attempt, std::move(actor)});
        }
        self->send(job, std::move(deployed));
      },
  };
}

}  // namespace weir::actors
