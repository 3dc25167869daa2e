// The part of CoordinatorActor that prepares the restart of some subtasks while the others go on.
#include "actors/blocking.hpp"
#include "actors/coordinator_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

using checkpoint::RestorePoint;
using checkpoint::Speaker;

void CoordinatorState::on_subtasks_failed(const SubtasksFailed& failed) {
  std::erase_if(tasks_, [&](const TaskHandle& task) { return failed.subtasks.contains(task.id); });
  restart_.reset();
  answer(groups_->on_failed(failed.subtasks));
  perform(coordinator_->on_tasks_failed(failed.subtasks, now()));
}

void CoordinatorState::on_prepare_subtasks(PrepareSubtasks& prepare) {
  restart_.emplace(Restart{std::move(prepare)});
  prepare_if_decided();
}

/// A checkpoint that is being published has all its answers: if it completes, it is where the
/// subtasks restart from.
void CoordinatorState::prepare_if_decided() {
  if (!restart_ || restart_->is_decided) return;
  using Kind = RestorePoint::Kind;
  const RestorePoint point = coordinator_->restore_point();
  if (point.kind == Kind::undecided) return;
  restart_->is_decided = true;
  const auto& [attempt, subtasks] = restart_->order;
  if (point.kind == Kind::impossible)
    return self_->send(job_, SubtasksRefused{attempt,
                                             "it is not known whether the last checkpoint "
                                             "completed, or it was the job's last"});
  sources_->splits.take_back(subtasks, point.checkpoint);
  ask_blocking(
      self_, services_->pool,
      [hosted = hosted_, services = *services_, attempt = attempt, subtasks = subtasks,
       origin = runtime::PartOrigin{point.checkpoint, execution_->restore.directory}] {
        return runtime::begin_part(hosted->launch,
                                   {*hosted->storage, services.env, services.clock,
                                    hosted->context->run(), attempt, services.log},
                                   subtasks, origin);
      },
      [this, attempt = attempt](Result<runtime::PartExecution> part) {
        on_part_begun(attempt, std::move(part));
      });
}

void CoordinatorState::on_part_begun(AttemptId attempt, Result<runtime::PartExecution> part) {
  if (!restart_ || restart_->order.attempt != attempt) return;  // others have failed meanwhile
  if (!part.ok()) return self_->send(job_, ExecutionRefused{attempt, {part.status().message()}});
  restart_->positions = std::move(part->positions);
  self_->send(job_, ExecutionPrepared{attempt, std::move(part->subtasks),
                                      std::move(part->directory), part->restored_from});
}

/// What the subtasks were reading is theirs again before any checkpoint is triggered.
void CoordinatorState::on_subtasks_running(SubtasksRunning& running) {
  std::vector<Speaker> replacements;
  for (TaskHandle& task : running.tasks) {
    replacements.push_back({task.id, task.attempt});
    groups_->on_restarted(task.id);
    if (auto positions = restart_->positions.extract(task.id); !positions.empty())
      self_->send(task.actor, AssignSplits{std::move(positions.mapped()), false});
    tasks_.push_back(std::move(task));
  }
  restart_.reset();
  perform(coordinator_->on_tasks_replaced(replacements, now()));
}

}  // namespace weir::actors
