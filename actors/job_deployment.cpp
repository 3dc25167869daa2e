// The part of JobActor that brings an execution to its start: nodes with slots, a coordinator,
// subtasks on the nodes, connections between them.
#include "actors/coordinator_actor.hpp"
#include "actors/job_actor.hpp"
#include "actors/node_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

void JobActorState::acquire_slots(AttemptId attempt) {
  if (spawn_->slots) {
    forget_nodes();
    self_->send(spawn_->slots, RequestSlots{attempt, JobActor{self_}});
  } else {
    SlotsGranted granted{attempt, {own_node()}, nullptr};
    on_slots_granted(granted);
  }
}

void JobActorState::on_slots_granted(SlotsGranted& granted) {
  if (!is_current(granted.attempt)) return;
  if (machine_->state() == runtime::JobState::scheduling && granted.job != nullptr)
    take_plan(std::move(granted.job), granted.rescaled);
  living_.set_nodes(std::move(granted.shares));
  view_.waiting_for.clear();
  for (const NodeShare& share : living_.nodes()) {
    const caf::actor_addr node = share.node.address();
    if (!living_.contains(node)) watch(node, {share.name, std::nullopt});
  }
  perform(machine_->on_slots());
}

/// Whoever assigns slots may end the nodes of a job that waits for some.
void JobActorState::forget_nodes() {
  for (const NodeShare& share : living_.nodes()) self_->demonitor(share.node.address());
  living_.remove_nodes();
}

void JobActorState::take_plan(HostedJobPtr job, const std::string& why) {
  if (job == spawn_->job) return;
  spawn_->job = std::move(job);
  const auto subtasks = plan().subtasks();
  machine_->on_new_plan({subtasks.begin(), subtasks.end()});
  regions_.emplace(plan());
  view_.scale.parallelism = static_cast<std::uint32_t>(plan().graph().options.parallelism);
  if (!why.empty()) view_.scale.last_rescale = why;
}

void JobActorState::on_slots_missing(const SlotsMissing& missing) {
  if (!is_current(missing.attempt)) return;
  view_.waiting_for = missing.what;
  show();
}

void JobActorState::on_slots_refused(const SlotsRefused& refused) {
  if (is_current(refused.attempt)) fail(refused.failure);
}

void JobActorState::spawn_coordinator(AttemptId attempt) {
  execution_.attempt = attempt;
  execution_.coordinator =
      self_->spawn(coordinator_actor, spawn_->job, spawn_->services, JobActor{self_}, attempt);
  spawn_->services.roster.add("coordinator",
                              caf::actor_cast<caf::strong_actor_ptr>(execution_.coordinator));
  watch(execution_.coordinator.address(), {"the checkpoint coordinator", std::nullopt});
}

void JobActorState::on_prepared(ExecutionPrepared& prepared) {
  if (!is_current(prepared.attempt)) return;
  view_.restored = {.from = prepared.restored_from};
  if (prepared.restored_from)
    spawn_->services.log.info("restoring", {{"checkpoint", prepared.restored_from->value()},
                                            {"attempt", prepared.attempt.value()}});
  prepared_ = std::move(prepared);
  perform(machine_->on_prepared());
  perform(regions_->on_prepared(prepared_->attempt));
}

void JobActorState::on_refused(const ExecutionRefused& refused) {
  if (is_current(refused.attempt)) fail(refused.failure);
}

/// Returns the node in the job's own process; begins one if there is none.
NodeShare JobActorState::own_node() {
  const auto subtasks = plan().subtasks();
  NodeShare share{{}, "the node", {subtasks.begin(), subtasks.end()}};
  if (!living_.nodes().empty()) {
    share.node = living_.nodes().front().node;
    return share;
  }
  share.node = self_->spawn(node_actor, spawn_->job->context, spawn_->services, JobActor{self_});
  spawn_->services.roster.add("node", caf::actor_cast<caf::strong_actor_ptr>(share.node));
  return share;
}

void JobActorState::deploy(const NodeShare& share, AttemptId attempt) {
  DeployTasks deploy{attempt, execution_.attempt, {}, prepared_->directory};
  for (const SubtaskId subtask : share.subtasks)
    deploy.tasks.emplace(subtask, std::move(prepared_->restore[subtask]));
  living_.begin_deployment(share.node, attempt);
  self_->send(share.node, std::move(deploy));
}

void JobActorState::on_deployed(TasksDeployed& deployed) {
  const auto node = caf::actor_cast<caf::actor_addr>(self_->current_sender());
  const bool is_expected = living_.end_deployment(node, deployed.attempt);
  for (TaskHandle& task : deployed.tasks) {
    const checkpoint::Speaker speaker{task.id, task.attempt};
    if (is_expected) watch(task.actor.address(), {"subtask " + plan().name_of(task.id), speaker});
    if (is_expected && regions_->is_current(speaker))
      living_.add_task(std::move(task));
    else  // what it belongs to has failed while it was being spawned
      kill_actor(caf::actor_cast<caf::strong_actor_ptr>(task.actor));
  }
  if (!is_expected || living_.is_deploying()) return;
  connect_tasks(deployed.attempt);
  check_ended();
}

void JobActorState::connect_tasks(AttemptId attempt) {
  Peers peers{JobActor{self_}, execution_.coordinator, {}};
  for (const TaskHandle& task : living_.tasks()) {
    if (task.attempt == attempt) peers.tasks.push_back(task);
  }
  for (const TaskHandle& task : peers.tasks) self_->send(task.actor, peers);
}

void JobActorState::on_ready(const TaskReady& ready) {
  if (!regions_->is_current(ready.from)) return;
  if (ready.restored != runtime::RestoredFrom::metadata) ++view_.restored.subtasks;
  if (ready.restored == runtime::RestoredFrom::copies) ++view_.restored.locally;
  perform(machine_->on_ready(ready.from.subtask));
  perform(regions_->on_ready(ready.from));
}

void JobActorState::log_restored() const {
  if (view_.restored.subtasks == 0) return;
  spawn_->services.log.info("state restored", {{"subtasks", view_.restored.subtasks},
                                               {"from_local_copies", view_.restored.locally}});
}

}  // namespace weir::actors
