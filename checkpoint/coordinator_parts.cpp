// The part of Coordinator that deals with parts of the job: those that restart while the others go
// on, and those that a checkpoint does without.
#include "base/text.hpp"
#include "checkpoint/coordinator.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::checkpoint {

/// Whether the checkpoint goes on without the regions of these subtasks. What it has of them is
/// known to be the last that a restore can find: nothing that completed after it was taken over.
bool Coordinator::leave_out(CheckpointId id, std::set<SubtaskId> subtasks, FailureReason reason,
                            const std::string& detail, Actions& actions) {
  PendingCheckpoint& pending = stages_.pending.at(id);
  const auto last = retention_.last_completed();
  if (pending.barrier().kind != CheckpointKind::periodic || !last || !retention_.is_decided())
    return false;
  const std::set<SubtaskId> before = pending.left_out();
  subtasks.insert(before.begin(), before.end());
  const std::set<SubtaskId> all = parts_.policy.may_leave_out(subtasks);
  if (all.empty()) return false;
  for (Ack& answer : pending.leave_out(all, *last))
    actions.push_back(DropState{id, std::move(answer.state)});
  NotifyLeftOut notify{id, {}, reason, detail};
  std::set_difference(all.begin(), all.end(), before.begin(), before.end(),
                      std::inserter(notify.subtasks, notify.subtasks.end()));
  actions.push_back(std::move(notify));
  return true;
}

/// Its time is up. Whoever has answered need not have done so in vain: what is published then has
/// its own time.
void Coordinator::expire(CheckpointId id, Duration now, Actions& actions) {
  const std::string limit = base::format_duration(options_.timeout);
  if (const auto at = stages_.pending.find(id); at != stages_.pending.end()) {
    const std::vector<SubtaskId> missing = at->second.missing();
    if (leave_out(id, {missing.begin(), missing.end()}, FailureReason::expired, limit, actions)) {
      at->second.set_deadline(now + options_.timeout);
      return publish_if_complete(id, actions);
    }
  }
  abort(id, FailureReason::expired, limit, now, actions);
}

Actions Coordinator::on_tasks_failed(const std::set<SubtaskId>& failed, Duration now) {
  Actions actions;
  parts_.are_restarting = true;
  while (!stages_.reserving.empty())
    abort(stages_.reserving.begin()->first, FailureReason::task_failed, "", now, actions);
  std::vector<CheckpointId> under_way;
  for (const auto& [id, pending] : stages_.pending) under_way.push_back(id);
  for (const CheckpointId id : under_way) {
    if (leave_out(id, failed, FailureReason::task_failed, "", actions))
      publish_if_complete(id, actions);
    else
      abort(id, FailureReason::task_failed, "", now, actions);
  }
  for (std::string& ticket : savepoints_.give_up_waiting())
    actions.push_back(SavepointFailed{std::move(ticket), FailureReason::task_failed, "", {}});
  trigger_.stop();
  return actions;
}

RestorePoint Coordinator::restore_point() const {
  using Kind = RestorePoint::Kind;
  const bool is_undecided = std::any_of(
      stages_.publishing.begin(), stages_.publishing.end(),
      [](const auto& entry) { return entry.second.barrier().kind != CheckpointKind::savepoint; });
  if (is_undecided) return {Kind::undecided, {}};
  if (!retention_.is_decided() || has_completed_last_) return {Kind::impossible, {}};
  return {Kind::known, retention_.last_completed()};
}

/// They have read what they restore.
Actions Coordinator::on_tasks_replaced(const std::vector<Speaker>& replacements, Duration now) {
  participants_.replace(replacements);
  parts_.are_restarting = false;
  trigger_.resume();
  reconsider_backlog(now);
  return std::exchange(parts_.held, {});
}

}  // namespace weir::checkpoint
