// The part of CoordinatorActor that finds out what slow checkpoints wait on, and whether the job is
// deadlocked. What to ask when, and what the answers mean, is decided by runtime::StallWatch.
#include "actors/coordinator_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <utility>

namespace weir::actors {

using Stage = checkpoint::CheckpointProgress::Stage;

void CoordinatorState::watch_stalls() {
  if (stalls_->is_round_over(now())) end_round();
  if (!stalls_->is_due(now())) return;
  std::vector<SubtaskId> asked;
  for (const TaskHandle& task : tasks_) asked.push_back(task.id);
  const std::uint64_t round = stalls_->begin_round(asked, now());
  for (const TaskHandle& task : tasks_) self_->send(task.actor, AskSituation{round});
}

void CoordinatorState::on_situation(TaskSituation& said) {
  if (find(said.from) == nullptr) return;
  stalls_->on_situation(said.round, said.from.subtask, std::move(said.situation));
  watch_stalls();
  schedule_wake();
}

void CoordinatorState::end_round() {
  for (const CheckpointId id : stalls_->to_explain()) {
    if (const auto progress = coordinator_->progress(id, now())) tell_slow(*progress);
  }
  if (auto deadlock = stalls_->end_round(now()))
    self_->send(job_, JobDeadlocked{attempt_, std::move(deadlock->text)});
}

void CoordinatorState::tell_slow(const checkpoint::CheckpointProgress& progress) {
  const CheckpointId id = progress.record.id;
  if (progress.stage == Stage::reserving) stalls_->note(id, "the storage, to prepare its place");
  if (progress.stage == Stage::publishing) stalls_->note(id, "the storage, to write its metadata");
  if (progress.stage == Stage::collecting) stalls_->explain(id, progress.missing);
  self_->send(
      job_, CheckpointUnderWay{attempt_, progress.record, progress.missing, stalls_->waits_on(id)});
}

}  // namespace weir::actors
