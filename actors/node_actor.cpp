#include "actors/node_actor.hpp"

#include "actors/subtask_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

NodeState::~NodeState() {
  end_tasks();
}

void NodeState::begin(JobContextPtr context, const Services& services, JobActor job) {
  context_ = std::move(context);
  services_.emplace(services);
  job_ = std::move(job);
}

void NodeState::on_deploy(DeployTasks& deploy) {
  end_tasks();  // of an attempt whose end the job could not bring about from afar
  TasksDeployed deployed{deploy.attempt, {}};
  for (auto& [id, restore] : deploy.tasks) {
    SubtaskSpawn spawn{context_,           *services_,      job_, id, deploy.attempt,
                       std::move(restore), deploy.directory};
    auto actor = self_->spawn(subtask_actor, std::move(spawn));
    services_->roster.add(context_->plan().name_of(id),
                          caf::actor_cast<caf::strong_actor_ptr>(actor));
    tasks_.push_back(actor);
    deployed.tasks.push_back({id, deploy.attempt, std::move(actor)});
  }
  self_->send(job_, std::move(deployed));
}

void NodeState::end_tasks() {
  for (const SubtaskActor& task : tasks_) kill_actor(caf::actor_cast<caf::strong_actor_ptr>(task));
  tasks_.clear();
}

NodeActor::behavior_type node_actor(NodeState::Self self, JobContextPtr context, Services services,
                                    JobActor job) {
  NodeState& state = self->state;
  state.begin(std::move(context), services, std::move(job));
  return {[&state](DeployTasks& deploy) { state.on_deploy(deploy); }};
}

}  // namespace weir::actors
