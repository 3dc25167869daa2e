#include "runtime/job/region_failover.hpp"

#include "base/assert.hpp"

#include <utility>

namespace weir::runtime {

bool restarts_in_parts(const Plan& plan) {
  return plan.graph().options.failover == FailoverStrategy::region &&
         Regions{plan}.all().size() > 1;
}

RegionFailover::RegionFailover(const Plan& plan)
    : regions_{plan}, is_enabled_{restarts_in_parts(plan)} {
  for (const SubtaskId subtask : plan.subtasks()) attempts_.emplace(subtask, AttemptId{});
}

void RegionFailover::on_execution(AttemptId attempt) {
  for (auto& [subtask, current] : attempts_) current = attempt;
  step_ = Step::idle;
  restarting_.clear();
}

void RegionFailover::on_execution_over() {
  on_execution(AttemptId{});
}

std::optional<std::set<SubtaskId>> RegionFailover::affected_by(
    const std::set<SubtaskId>& failed) const {
  if (!is_enabled_ || failed.empty()) return std::nullopt;
  std::set<SubtaskId> affected = regions_.affected_by(failed);
  affected.insert(restarting_.begin(), restarting_.end());
  if (affected.size() == attempts_.size()) return std::nullopt;
  return affected;
}

RegionActions RegionFailover::on_failure(const std::set<SubtaskId>& failed, Duration at) {
  auto affected = affected_by(failed);
  WEIR_ASSERT(affected.has_value(), "a failure of the whole job is not one of some regions");
  const bool is_known = *affected == restarting_;
  if (is_known && (step_ == Step::ending || step_ == Step::waiting)) return {};
  restarting_ = std::move(*affected);
  for (const SubtaskId subtask : restarting_) attempts_[subtask] = AttemptId{};
  at_ = at;
  step_ = Step::ending;
  return {EndSubtasks{restarting_}};
}

RegionActions RegionFailover::on_ended() {
  if (step_ != Step::ending) return {};
  step_ = Step::waiting;
  return {WaitForSubtasks{at_}};
}

RegionActions RegionFailover::on_due(AttemptId attempt) {
  if (step_ != Step::waiting) return {};
  step_ = Step::preparing;
  attempt_ = attempt;
  for (const SubtaskId subtask : restarting_) attempts_[subtask] = attempt;
  return {PrepareSubtasks{attempt_, restarting_}};
}

RegionActions RegionFailover::on_prepared(AttemptId attempt) {
  if (step_ != Step::preparing || attempt != attempt_) return {};
  step_ = Step::deploying;
  waiting_for_ = restarting_;
  return {RedeploySubtasks{attempt_, restarting_}};
}

RegionActions RegionFailover::on_ready(const checkpoint::Speaker& subtask) {
  if (step_ != Step::deploying || !is_current(subtask) ||
      waiting_for_.erase(subtask.subtask) == 0 || !waiting_for_.empty())
    return {};
  step_ = Step::idle;
  return {ResumeSubtasks{std::exchange(restarting_, {})}};
}

bool RegionFailover::is_current(const checkpoint::Speaker& speaker) const {
  const auto at = attempts_.find(speaker.subtask);
  return at != attempts_.end() && at->second == speaker.attempt;
}

}  // namespace weir::runtime
