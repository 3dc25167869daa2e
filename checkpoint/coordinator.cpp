#include "checkpoint/coordinator.hpp"

#include "base/assert.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace weir::checkpoint {
namespace {

constexpr Duration kRetryDelay = std::chrono::seconds{1};  // of a failed checkpoint that must be

}  // namespace

Coordinator::Coordinator(const CheckpointOptions& options, CheckpointId last_id,
                         std::vector<CheckpointId> retained, std::string claimed,
                         bool one_at_a_time, SubtaskSets regions)
    : options_{options},
      one_at_a_time_{one_at_a_time || options.unaligned},
      trigger_{
          {options.every, options.min_pause, options.max_concurrent, options.every_during_backlog}},
      failures_{options.tolerable_failures},
      retention_{options.retained, std::move(retained), std::move(claimed)},
      parts_{.policy = {options.regional, std::move(regions)}},
      last_id_{last_id} {}

void Coordinator::on_running(std::vector<Speaker> participants, Duration now,
                             Duration first_delay) {
  participants_.begin(std::move(participants));
  trigger_.start(now, first_delay);
  reconsider_backlog(now);
}

void Coordinator::set_interval(Duration interval) {
  options_.every = interval;
  trigger_.set_interval(interval);
}

Actions Coordinator::on_request(CheckpointKind kind, Duration now) {
  Actions actions;
  trigger_.request(kind, now);
  start_due(now, actions);
  return actions;
}

Actions Coordinator::on_backlog(const Speaker& from, bool is_backlog, Duration now) {
  Actions actions;
  participants_.on_backlog(from, is_backlog);
  reconsider_backlog(now);
  start_due(now, actions);
  return actions;
}

void Coordinator::reconsider_backlog(Duration now) {
  trigger_.on_backlog(participants_.have_backlog(), now);
}

Actions Coordinator::on_savepoint_request(SavepointRequest request, Duration now) {
  Actions actions;
  if (participants_.empty() || !trigger_.is_running()) {
    actions.push_back(
        SavepointFailed{std::move(request.ticket), FailureReason::tasks_not_running, "", {}});
    return actions;
  }
  savepoints_.ask(std::move(request));
  start_due(now, actions);
  return actions;
}

Actions Coordinator::on_tick(Duration now) {
  Actions actions;
  std::vector<CheckpointId> expired;
  for (const auto& [id, reservation] : stages_.reserving) {
    if (reservation.deadline <= now) expired.push_back(id);
  }
  for (const auto& [id, pending] : stages_.pending) {
    if (pending.deadline() <= now) expired.push_back(id);
  }
  for (const CheckpointId id : expired) expire(id, now, actions);
  expire_publications(now, actions);
  start_due(now, actions);
  return actions;
}

/// A storage that hangs must not stop checkpoints for ever. What it does later is as good as
/// unknown.
void Coordinator::expire_publications(Duration now, Actions& actions) {
  std::vector<CheckpointId> expired;
  for (const auto& [id, pending] : stages_.publishing) {
    if (pending.deadline() <= now) expired.push_back(id);
  }
  for (const CheckpointId id : expired) {
    const Status status{ErrorCode::unknown_outcome, "the storage has not answered for " +
                                                        base::format_duration(options_.timeout)};
    publication_failed(stages_.publishing.extract(id).mapped(), status, now, actions);
  }
}

/// A savepoint waits for the reservation before it, and holds up others until it has its own: a
/// source passes over a barrier whose id is behind that of the last.
void Coordinator::start_due(Duration now, Actions& actions) {
  if (savepoints_.has_waiting() && can_begin_savepoint()) begin_savepoint(now, actions);
  if (is_reserving_savepoint() || (one_at_a_time_ && savepoints_.has_waiting())) return;
  while (const auto kind = trigger_.take(now, under_way())) {
    last_id_ = last_id_.next();
    stages_.reserving.emplace(last_id_, Reservation{*kind, now + options_.timeout});
    actions.push_back(ReserveId{last_id_});
  }
}

void Coordinator::begin_savepoint(Duration now, Actions& actions) {
  last_id_ = last_id_.next();
  const Savepoint& savepoint = savepoints_.begin(last_id_);
  stages_.reserving.emplace(last_id_, Reservation{savepoint.kind, now + options_.timeout});
  actions.push_back(ReserveId{last_id_, savepoint.directory});
}

bool Coordinator::is_reserving_savepoint() const {
  return std::any_of(stages_.reserving.begin(), stages_.reserving.end(),
                     [this](const auto& entry) { return is_savepoint(entry.first); });
}

Actions Coordinator::on_reserved(CheckpointId id, const Status& status, Duration now,
                                 WallTime wall) {
  Actions actions;
  const auto at = stages_.reserving.find(id);
  if (at == stages_.reserving.end()) {  // aborted meanwhile; its place may have been created since
    drop(id, actions);
    return actions;
  }
  if (status.ok()) {
    Barrier barrier{id, wall, at->second.kind, mode_of(at->second.kind), {}};
    if (const Savepoint* savepoint = savepoints_.find(id)) {
      barrier.directory = savepoint->directory;
      barrier.format = savepoint->format;
    }
    if (barrier.kind == CheckpointKind::drain) begin_drain(actions);
    stages_.pending.emplace(
        id, PendingCheckpoint{barrier, participants_.all(), now, at->second.deadline});
    stages_.reserving.erase(at);
    actions.push_back(TriggerSources{std::move(barrier)});
  } else {
    abort(id, FailureReason::trigger_failed, status.message(), now, actions);
  }
  if (savepoints_.has_waiting() || is_savepoint(id))
    start_due(now, actions);  // others had to wait for it
  return actions;
}

/// From the trigger on.
void Coordinator::begin_drain(Actions& actions) {
  trigger_.stop();
  for (std::string& ticket : savepoints_.give_up_waiting())
    actions.push_back(SavepointFailed{std::move(ticket), FailureReason::job_stopping, "", {}});
}

Actions Coordinator::on_ack(Ack ack) {
  Actions actions;
  const CheckpointId id = ack.id;
  const auto at = stages_.pending.find(id);
  if (at == stages_.pending.end()) {
    const Savepoint* savepoint = savepoints_.find(id);
    const bool has_completed = stages_.publishing.contains(id) || retention_.keeps(id) ||
                               (savepoint != nullptr && savepoint->keeps_files);
    const auto without = parts_.left_out.find(id);
    const bool is_left_out =
        without != parts_.left_out.end() && without->second.contains(ack.from.subtask);
    last_ack_result_ = has_completed && !is_left_out ? AckResult::duplicate : AckResult::discarded;
    if (!has_completed)
      drop(id, actions);  // its files may have come after the abort
    else if (is_left_out)
      actions.push_back(DropState{id, std::move(ack.state)});
    return actions;
  }
  PendingCheckpoint& pending = at->second;
  last_ack_result_ = pending.acknowledge(ack);
  if (last_ack_result_ == AckResult::unknown)
    actions.push_back(DropState{id, std::move(ack.state), pending.barrier().directory});
  publish_if_complete(id, actions);
  return actions;
}

void Coordinator::publish_if_complete(CheckpointId id, Actions& actions) {
  const auto at = stages_.pending.find(id);
  const PendingCheckpoint& pending = at->second;
  if (!pending.is_complete()) return;
  Publish publish{pending.barrier(), {}, pending.left_out(), pending.taken_from()};
  for (const auto& [subtask, answer] : pending.answers())
    publish.states.emplace(subtask, answer.state);
  actions.push_back(std::move(publish));
  if (!pending.left_out().empty()) parts_.left_out.emplace(id, pending.left_out());
  stages_.publishing.insert(stages_.pending.extract(at));
}

Actions Coordinator::on_decline(const Decline& decline, Duration now) {
  Actions actions;
  const auto at = stages_.pending.find(decline.id);
  if (at == stages_.pending.end() || !at->second.takes_part(decline.from)) return actions;
  if (leave_out(decline.id, {decline.from.subtask}, decline.reason, decline.detail, actions))
    publish_if_complete(decline.id, actions);
  else
    abort(decline.id, decline.reason, decline.detail, now, actions);
  start_due(now, actions);
  return actions;
}

Actions Coordinator::on_published(CheckpointId id, const Status& status, Duration now) {
  Actions actions;
  const auto node = stages_.publishing.extract(id);
  if (node.empty()) return actions;
  if (status.ok())
    complete(node.mapped(), now, actions);
  else
    publication_failed(node.mapped(), status, now, actions);
  start_due(now, actions);
  return actions;
}

void Coordinator::publication_failed(const PendingCheckpoint& pending, const Status& status,
                                     Duration now, Actions& actions) {
  const CheckpointId id = pending.id();
  const CheckpointKind kind = pending.barrier().kind;
  trigger_.on_ended(now);
  actions.push_back(NotifyAborted{id,
                                  kind,
                                  FailureReason::publish_failed,
                                  status.message(),
                                  {},
                                  is_savepoint(id),
                                  record_of(pending, now)});
  const bool is_undecided = status.code() == ErrorCode::unknown_outcome;
  if (!is_undecided)
    drop(id, actions);
  else if (is_savepoint(id))
    savepoints_.keep_files(id);
  else
    retention_.on_undecided(id);
  if (!is_undecided) parts_.left_out.erase(id);
  if (kind == CheckpointKind::periodic) parts_.policy.on_failed();
  if (is_savepoint(id))
    return savepoint_failed(id, FailureReason::publish_failed, status.message(), {}, actions);
  count_failure(id, kind, FailureReason::publish_failed, status.message(), now, actions);
}

void Coordinator::complete(const PendingCheckpoint& pending, Duration now, Actions& actions) {
  const CheckpointId id = pending.id();
  trigger_.on_ended(now);
  if (is_savepoint(id)) return complete_savepoint(pending, now, actions);
  failures_.on_success(id);
  parts_.policy.on_completed(!pending.left_out().empty());
  Retention::Replaced replaced = retention_.on_completed(id);
  // Else those that restart now have waited for it.
  const bool may_be_read = parts_.are_restarting && !pending.left_out().empty();
  Actions& deletions = may_be_read ? parts_.held : actions;
  if (!replaced.claimed.empty()) deletions.push_back(DropSavepoint{std::move(replaced.claimed)});
  for (const CheckpointId old : replaced.checkpoints) {
    deletions.push_back(DropFiles{old});
    parts_.left_out.erase(old);
  }
  subsume(id, now, actions);
  const CheckpointReport report = report_on(pending, now);
  has_completed_last_ |= report.is_final || report.kind == CheckpointKind::stop;
  actions.push_back(NotifyCompleted{report, record_of(pending, now)});
}

/// Whatever a savepoint is for, results are not, unless the job ends with it. Then whoever asked
/// hears of it first: as soon as subtasks do, the job may have ended, and nobody is left to tell.
void Coordinator::complete_savepoint(const PendingCheckpoint& pending, Duration now,
                                     Actions& actions) {
  const CheckpointId id = pending.id();
  savepoints_.keep_files(id);
  const Savepoint& savepoint = *savepoints_.find(id);
  actions.push_back(
      SavepointCompleted{savepoint.ticket, savepoint.directory, id, record_of(pending, now)});
  if (pending.barrier().kind == CheckpointKind::savepoint) return;
  subsume(id, now, actions);
  has_completed_last_ = true;
  actions.push_back(NotifyCompleted{report_on(pending, now), std::nullopt});
}

/// Gives up older checkpoints that are still being taken.
void Coordinator::subsume(CheckpointId completed, Duration now, Actions& actions) {
  std::vector<CheckpointId> older;
  for (const auto& [id, pending] : stages_.pending) {
    if (id < completed && !is_savepoint(id)) older.push_back(id);
  }
  for (const CheckpointId id : older) abort(id, FailureReason::subsumed, "", now, actions);
}

void Coordinator::drop(CheckpointId id, Actions& actions) {
  if (const Savepoint* savepoint = savepoints_.find(id))
    actions.push_back(DropSavepoint{savepoint->directory});
  else
    actions.push_back(DropFiles{id});
}

void Coordinator::savepoint_failed(CheckpointId id, FailureReason reason, const std::string& detail,
                                   std::vector<SubtaskId> missing, Actions& actions) {
  const Savepoint& savepoint = *savepoints_.find(id);
  const bool was_triggered = !trigger_.is_running();  // if it drains
  const bool has_drained =
      savepoint.kind == CheckpointKind::drain && was_triggered && !has_completed_last_;
  actions.push_back(
      SavepointFailed{savepoint.ticket, reason, detail, std::move(missing), has_drained});
}

void Coordinator::abort(CheckpointId id, FailureReason reason, const std::string& detail,
                        Duration now, Actions& actions) {
  NotifyAborted notify{.id = id,
                       .kind = CheckpointKind::periodic,
                       .reason = reason,
                       .detail = detail,
                       .missing = {},
                       .is_savepoint = is_savepoint(id)};
  if (const auto at = stages_.pending.find(id); at != stages_.pending.end()) {
    notify.kind = at->second.barrier().kind;
    notify.missing = at->second.missing();
    notify.record = record_of(at->second, now);
    if (notify.kind == CheckpointKind::periodic) parts_.policy.on_failed();
    stages_.pending.erase(at);
  } else if (const auto reserved = stages_.reserving.find(id);
             reserved != stages_.reserving.end()) {
    notify.kind = reserved->second.kind;
    notify.was_triggered = false;
    stages_.reserving.erase(reserved);
  }
  trigger_.on_ended(now);
  notify.record.id = id;
  notify.record.kind = notify.kind;
  const CheckpointKind kind = notify.kind;
  std::vector<SubtaskId> missing = notify.missing;
  actions.push_back(std::move(notify));
  drop(id, actions);
  if (is_savepoint(id)) return savepoint_failed(id, reason, detail, std::move(missing), actions);
  count_failure(id, kind, reason, detail, now, actions);
}

void Coordinator::count_failure(CheckpointId id, CheckpointKind kind, FailureReason reason,
                                const std::string& detail, Duration now, Actions& actions) {
  if (failures_.on_failure(id, reason)) {
    std::string why{describe(reason)};
    if (!detail.empty()) why += ": " + detail;
    actions.push_back(FailJob{"checkpoint " + std::to_string(id.value()) + " failed: " + why});
  } else if (kind == CheckpointKind::end_of_input) {
    trigger_.request(kind, now + kRetryDelay);  // ignored if the job is no longer running
  }
}

std::optional<CheckpointProgress> Coordinator::progress(CheckpointId id, Duration now) const {
  using Stage = CheckpointProgress::Stage;
  if (const auto at = stages_.reserving.find(id); at != stages_.reserving.end())
    return CheckpointProgress{Stage::reserving, {.id = id, .kind = at->second.kind}, {}};
  if (const auto at = stages_.pending.find(id); at != stages_.pending.end())
    return CheckpointProgress{Stage::collecting, record_of(at->second, now), at->second.missing()};
  if (const auto at = stages_.publishing.find(id); at != stages_.publishing.end())
    return CheckpointProgress{Stage::publishing, record_of(at->second, now), {}};
  return std::nullopt;
}

std::optional<Duration> Coordinator::next_wake() const {
  std::optional<Duration> wake;
  if (!is_reserving_savepoint()) wake = trigger_.next_wake(under_way());
  const auto earlier = [&wake](Duration at) { wake = wake ? std::min(*wake, at) : at; };
  for (const auto& [id, reservation] : stages_.reserving) earlier(reservation.deadline);
  for (const auto& [id, pending] : stages_.pending) earlier(pending.deadline());
  for (const auto& [id, pending] : stages_.publishing) earlier(pending.deadline());
  return wake;
}

int Coordinator::under_way() const {
  return static_cast<int>(stages_.reserving.size() + stages_.pending.size() +
                          stages_.publishing.size());
}

bool Coordinator::can_begin_savepoint() const {
  return one_at_a_time_ ? under_way() == 0 : stages_.reserving.empty();
}

/// Barriers that must not overtake, since the job ends behind them, or nothing is left to overtake.
BarrierMode Coordinator::mode_of(CheckpointKind kind) const {
  if (options_.guarantee != Guarantee::exactly_once) return BarrierMode::at_least_once;
  if (!options_.unaligned || kind != CheckpointKind::periodic) return BarrierMode::aligned;
  return options_.aligned_timeout == Duration{} ? BarrierMode::unaligned
                                                : BarrierMode::aligned_then_unaligned;
}

}  // namespace weir::checkpoint
