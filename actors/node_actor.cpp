#include "actors/node_actor.hpp"

#include "actors/subtask_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

NodeState::~NodeState() {
  end_tasks([](const TaskHandle&) { return true; });
  if (local_ != nullptr) remove_copies(local_->on_end());
}

void NodeState::begin(JobContextPtr context, const Services& services, JobActor job) {
  context_ = std::move(context);
  services_.emplace(services);
  job_ = std::move(job);
  const JobOptions& options = context_->options();
  backend_ = services_->backends.make(options.state);
  // Checkpoints in memory are as near as a copy would be.
  if (services_->local == nullptr || !options.state.local_recovery ||
      options.checkpoint.storage.empty())
    return;
  local_ =
      std::make_shared<checkpoint::LocalState>(*services_->local, context_->run(), services_->log);
}

void NodeState::on_deploy(DeployTasks& deploy) {
  // Of attempts whose end the job could not bring about from afar.
  end_tasks([&](const TaskHandle& task) {
    return task.attempt < deploy.execution || deploy.tasks.contains(task.id);
  });
  if (local_ != nullptr) remove_copies(local_->on_restart(deploy.directory));
  TasksDeployed deployed{deploy.attempt, {}};
  for (auto& [id, restore] : deploy.tasks) {
    SubtaskSpawn spawn{context_,           *services_,       job_,   id,      deploy.attempt,
                       std::move(restore), deploy.directory, local_, backend_};
    auto actor = self_->spawn(subtask_actor, std::move(spawn));
    services_->roster.add(context_->plan().name_of(id),
                          caf::actor_cast<caf::strong_actor_ptr>(actor));
    deployed.tasks.push_back({id, deploy.attempt, std::move(actor)});
    tasks_.push_back(deployed.tasks.back());
  }
  self_->send(job_, std::move(deployed));
}

void NodeState::end_tasks(const std::function<bool(const TaskHandle&)>& must_end) {
  std::erase_if(tasks_, [&](const TaskHandle& task) {
    if (!must_end(task)) return false;
    kill_actor(caf::actor_cast<caf::strong_actor_ptr>(task.actor));
    return true;
  });
}

void NodeState::remove_copies(std::vector<std::string> copies) {
  if (copies.empty()) return;
  services_->pool.submit([local = local_, copies = std::move(copies)] { local->remove(copies); });
}

NodeActor::behavior_type node_actor(NodeState::Self self, JobContextPtr context, Services services,
                                    JobActor job) {
  NodeState& state = self->state;
  state.begin(std::move(context), services, std::move(job));
  return {[&state](DeployTasks& deploy) { state.on_deploy(deploy); }};
}

}  // namespace weir::actors
