// The part of JobActor that restarts some regions while the others go on.
#include "actors/blocking.hpp"
#include "actors/job_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {

/// Performs what the restart of regions demands.
struct PerformRegion {
  JobActorState& state;

  void operator()(const runtime::EndSubtasks& action) const { state.end_subtasks(action.subtasks); }

  void operator()(const runtime::WaitForSubtasks& action) const {
    const Duration delay = std::max(action.at - state.now(), Duration{});
    state.spawn_->services.log.info(
        "restarting a part of the job",
        {{"after_ms", delay.count() / 1'000'000},
         {"restart", state.machine_->restarts()},
         {"subtasks", static_cast<std::uint64_t>(state.regions_->restarting().size())}});
    state.self_->delayed_send(state.self_, delay, Wake{action.at});
  }

  void operator()(const runtime::PrepareSubtasks& action) const {
    state.self_->send(state.execution_.coordinator,
                      PrepareSubtasks{action.attempt, action.subtasks});
  }

  void operator()(const runtime::RedeploySubtasks& action) const {
    state.redeploy(action.subtasks, action.attempt);
  }

  void operator()(const runtime::ResumeSubtasks& action) const { state.resume(action.subtasks); }
};

/// First the coordinator hears of it, so that it waits for none of them.
void JobActorState::end_subtasks(const std::set<SubtaskId>& subtasks) {
  self_->send(execution_.coordinator, SubtasksFailed{subtasks});
  living_.end_subtasks(subtasks);
  check_ended();
}

/// Each where it was before: if a node is lost, the whole job restarts.
void JobActorState::redeploy(const std::set<SubtaskId>& subtasks, AttemptId attempt) {
  for (const NodeShare& share : living_.nodes()) {
    NodeShare part{share.node, share.name, {}};
    for (const SubtaskId subtask : share.subtasks) {
      if (subtasks.contains(subtask)) part.subtasks.push_back(subtask);
    }
    if (!part.subtasks.empty()) deploy(part, attempt);
  }
}

/// First the coordinator, which answers what they ask for when they have begun.
void JobActorState::resume(const std::set<SubtaskId>& subtasks) {
  log_restored();
  SubtasksRunning running;
  for (const TaskHandle& task : living_.tasks()) {
    if (subtasks.contains(task.id)) running.tasks.push_back(task);
  }
  self_->send(execution_.coordinator, running);
  for (const TaskHandle& task : running.tasks) self_->send(task.actor, StartTask{});
  perform(machine_->on_part_running());
}

void JobActorState::on_subtasks_refused(const SubtasksRefused& refused) {
  if (!is_current(refused.attempt)) return;
  spawn_->services.log.warn("the whole job restarts", {{"reason", refused.reason}});
  perform(machine_->on_part_refused(now()));
}

void JobActorState::perform(const runtime::RegionActions& actions) {
  for (const runtime::RegionAction& action : actions) std::visit(PerformRegion{*this}, action);
  show();
}

}  // namespace weir::actors
