#include "actors/job_actor.hpp"

#include "actors/blocking.hpp"
#include "runtime/job/cleanup.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {

/// Performs the machine's actions.
struct PerformJob {
  JobActorState& state;

  void operator()(const runtime::AcquireSlots& action) const {
    state.asked_.relocates = false;  // whatever happens next, it happens elsewhere
    state.view_.attempt = action.attempt;
    state.acquire_slots(action.attempt);
  }

  void operator()(const runtime::PrepareExecution& action) const {
    state.counters_.on_execution(action.attempt);
    if (state.spawn_->metrics != nullptr) state.spawn_->metrics->on_execution(action.attempt);
    state.spawn_coordinator(action.attempt);
  }

  void operator()(const runtime::DeploySubtasks& action) const {
    state.regions_->on_execution(action.attempt);
    for (const NodeShare& share : state.living_.nodes()) state.deploy(share, action.attempt);
  }

  void operator()(const runtime::StartSubtasks&) const {
    state.log_restored();
    if (state.interval_)
      state.self_->send(state.execution_.coordinator, SetInterval{state.interval_->current()});
    state.self_->send(state.execution_.coordinator, TasksRunning{state.living_.tasks()});
    for (const TaskHandle& task : state.living_.tasks()) state.self_->send(task.actor, StartTask{});
    if (state.asked_.relocates) state.on_relocate();
  }

  void operator()(const runtime::EndExecution&) const { state.end_execution(); }

  void operator()(const runtime::WaitForRestart& action) const {
    const Duration delay = std::max(action.at - state.now(), Duration{});
    state.spawn_->services.log.info(
        "restarting the job",
        {{"after_ms", delay.count() / 1'000'000}, {"restart", state.machine_->restarts()}});
    state.restart_due_ = action.at;
    state.self_->delayed_send(state.self_, delay, Wake{action.at});
  }

  void operator()(const runtime::RequestEndCheckpoint&) const {
    state.self_->send(state.execution_.coordinator,
                      RequestCheckpoint{checkpoint::CheckpointKind::end_of_input});
  }

  void operator()(const runtime::RequestStopCheckpoint&) const {
    state.self_->send(state.execution_.coordinator,
                      RequestCheckpoint{checkpoint::CheckpointKind::stop});
  }

  void operator()(const runtime::EndWithoutCheckpoint&) const {
    for (const TaskHandle& task : state.living_.tasks()) state.self_->send(task.actor, EndTask{});
  }

  void operator()(const runtime::CleanUp& action) const {
    ask_blocking(
        state.self_, state.spawn_->services.pool,
        [job = state.spawn_->job, ending = state.spawn_->ending, outcome = action.outcome,
         log = &state.spawn_->services.log] {
          if (Status status = ending.before(outcome); !status.ok()) return status;
          runtime::clean_up(*job->storage, job->launch, outcome.kind, *log);
          return ending.after();
        },
        [this_state = &state](const Status& status) {
          if (status.ok()) this_state->perform(this_state->machine_->on_cleaned());
        });
  }

  void operator()(const runtime::EndJob& action) const {
    state.give_up_savepoints("the job has ended (" + std::string{to_string(action.outcome.kind)} +
                             ")");
    state.view_.outcome = action.outcome;
    state.living_.end_all();
    state.self_->quit(caf::exit_reason::user_shutdown);
  }
};

void JobActorState::begin(JobSpawn spawn) {
  spawn_.emplace(std::move(spawn));
  const HostedJob& job = *spawn_->job;
  const JobContext& context = *job.context;
  const auto subtasks = context.plan().subtasks();
  const JobOptions& options = context.options();
  const auto& operators = context.plan().graph().operators;
  const bool has_transactions = std::any_of(operators.begin(), operators.end(), [](const auto& op) {
    return op.sink != nullptr && op.sink->delivery() == Delivery::transactional;
  });
  const bool takes_checkpoints = options.checkpoint.every > Duration{};
  machine_.emplace(
      runtime::JobMachine::Options{
          .subtasks = {subtasks.begin(), subtasks.end()},
          .needs_end_checkpoint = has_transactions || takes_checkpoints,
          .can_stop_with_checkpoint = runtime::stops_behind_checkpoint(options.checkpoint),
          .has_finished_before = job.launch.has_finished_before},
      runtime::RestartPolicy{runtime::effective_strategy(options), job.seed});
  regions_.emplace(context.plan());
  if (options.checkpoint.auto_interval) interval_.emplace(options.checkpoint);
  view_.scale.parallelism = static_cast<std::uint32_t>(options.parallelism);
  self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
}

void JobActorState::on_launch() {
  perform(machine_->on_start());
  if (spawn_->report_every > Duration{}) self_->delayed_send(self_, spawn_->report_every, Wake{});
}

void JobActorState::on_stop(const StopJob& stop) {
  perform(machine_->on_stop_requested(stop.at_once));
}

/// Behind the next checkpoint, which comes as soon as it can.
void JobActorState::on_relocate() {
  asked_.relocates = true;
  if (machine_->state() == runtime::JobState::running)
    self_->send(execution_.coordinator, RequestCheckpoint{checkpoint::CheckpointKind::periodic});
}

void JobActorState::on_drained(const TaskDrained& drained) {
  if (regions_->is_current(drained.from)) perform(machine_->on_drained(drained.from.subtask));
}

void JobActorState::on_done(const TaskDone& done) {
  if (regions_->is_current(done.from)) perform(machine_->on_done(done.from.subtask));
}

void JobActorState::on_counters(const checkpoint::Speaker& from,
                                const runtime::SubtaskCounters& counters) {
  counters_.on_counters(from, counters, plan().is_source(from.subtask.vertex));
}

void JobActorState::on_metrics(TaskMetrics& metrics) {
  auto& [from, values] = metrics;
  on_counters(from, values.counters);
  if (spawn_->metrics != nullptr)
    spawn_->metrics->on_subtask(from, plan().vertex(from.subtask.vertex).name, std::move(values));
}

void JobActorState::on_checkpoint_done(const CheckpointDone& done) {
  ++view_.checkpoints_completed;
  view_.last_checkpoint = done.report;
  const auto& report = done.report;
  spawn_->services.log.info("checkpoint completed",
                            {{"checkpoint", report.id.value()},
                             {"duration_ms", report.duration.count() / 1'000'000},
                             {"alignment_ms", report.slowest.alignment.count() / 1'000'000},
                             {"bytes", report.bytes}});
  if (!report.left_out.empty())
    spawn_->services.log.info("it takes over what an earlier one has of a part of the job",
                              {{"checkpoint", report.id.value()},
                               {"from", report.taken_from.value()},
                               {"subtasks", plan().names_of(report.left_out)}});
  if (asked_.relocates) perform(machine_->on_relocation(now()));
  show();
}

void JobActorState::on_checkpoint_lost(const CheckpointLost& lost) {
  if (is_ending()) return;  // not a failure: what was under way ends with the job
  ++view_.checkpoints_failed;
  spawn_->services.log.warn("checkpoint failed",
                            {{"checkpoint", lost.id.value()}, {"reason", lost.reason}});
  if (lost.kind == checkpoint::CheckpointKind::stop)
    perform(machine_->on_stop_checkpoint_failed(lost.reason));
  show();
}

void JobActorState::on_checkpoint_under_way(const CheckpointUnderWay& under_way) {
  const auto& [attempt, record, missing, waits_on] = under_way;
  if (attempt != execution_.attempt || machine_->state() != runtime::JobState::running) return;
  if (!waits_on.empty())
    spawn_->services.log.warn("a checkpoint is slow",
                              {{"checkpoint", record.id.value()},
                               {"after_ms", record.duration.count() / 1'000'000},
                               {"waits_on", waits_on}});
  note(runtime::entry_under_way(record, missing, waits_on, plan()));
}

void JobActorState::on_checkpoint_ended(CheckpointEnded& ended) {
  // Of another execution: its subtasks may be those of another plan.
  if (ended.attempt != execution_.attempt || (is_ending() && !ended.failure.empty())) return;
  runtime::CheckpointEntry entry = runtime::entry_of(ended.record, ended.failure, plan());
  entry.waits_on = std::move(ended.waits_on);
  note(entry);
  if (!interval_) return;
  interval_->on_checkpoint(entry);
  reconsider_interval();
}

void JobActorState::reconsider_interval() {
  const Duration before = interval_->current();
  const auto interval = interval_->reconsider(now());
  if (!interval) return;
  if (machine_->state() == runtime::JobState::running)
    self_->send(execution_.coordinator, SetInterval{*interval});
  spawn_->services.log.info(
      "the interval between checkpoints changes",
      {{"before_ms", before.count() / 1'000'000}, {"now_ms", interval->count() / 1'000'000}});
}

/// Tells those who keep a history.
void JobActorState::note(const runtime::CheckpointEntry& entry) {
  spawn_->on_checkpoint(entry);
  if (spawn_->metrics != nullptr) spawn_->metrics->on_checkpoint(entry);
}

bool JobActorState::is_ending() const {
  const runtime::JobState state = machine_->state();
  return state == runtime::JobState::finishing || state == runtime::JobState::ended;
}

/// `at` is the time of a restart, or 0 for the report that is due now and then.
void JobActorState::on_wake(Duration at) {
  if (regions_->is_due(at)) return perform(regions_->on_due(machine_->begin_part_attempt()));
  if (at != Duration{}) {
    if (at != restart_due_) return;  // of a part that has not restarted alone after all
    restart_due_.reset();
    return perform(machine_->on_restart_due());
  }
  for (const TaskHandle& task : living_.tasks()) self_->send(task.actor, AskCounters{});
  show();
  self_->delayed_send(self_, spawn_->report_every, Wake{});
}

void JobActorState::perform(const runtime::JobActions& actions) {
  for (const runtime::JobAction& action : actions) std::visit(PerformJob{*this}, action);
  show();
}

void JobActorState::show() {
  view_.state = machine_->state();
  view_.restarts = machine_->restarts();
  view_.last_failure = machine_->last_failure();
  if (interval_) interval_->on_job(view_.state, view_.restarts, now());
  counters_.show_in(view_);
  if (spawn_->metrics != nullptr) spawn_->metrics->on_view(view_);
  spawn_->on_view(view_);
}

JobActor::behavior_type job_actor(JobActorState::Self self, JobSpawn spawn) {
  JobActorState& state = self->state;
  state.begin(std::move(spawn));
  return {
      [&state](const LaunchJob&) { state.on_launch(); },
      [&state](const StopJob& stop) { state.on_stop(stop); },
      [&state](const TakeSavepoint& take) { state.on_take_savepoint(take); },
      [&state](const SavepointEnded& ended) { state.on_savepoint_ended(ended); },
      [&state](ExecutionPrepared& prepared) { state.on_prepared(prepared); },
      [&state](const ExecutionRefused& refused) { state.on_refused(refused); },
      [&state](const SubtasksRefused& refused) { state.on_subtasks_refused(refused); },
      [&state](const CheckpointDone& done) { state.on_checkpoint_done(done); },
      [&state](const CheckpointLost& lost) { state.on_checkpoint_lost(lost); },
      [&state](const CheckpointUnderWay& under_way) { state.on_checkpoint_under_way(under_way); },
      [&state](CheckpointEnded& ended) { state.on_checkpoint_ended(ended); },
      [&state](const CheckpointsFailed& failed) { state.on_checkpoints_failed(failed); },
      [&state](const JobDeadlocked& deadlocked) { state.on_deadlocked(deadlocked); },
      [&state](SlotsGranted& granted) { state.on_slots_granted(granted); },
      [&state](const SlotsMissing& missing) { state.on_slots_missing(missing); },
      [&state](const SlotsRefused& refused) { state.on_slots_refused(refused); },
      [&state](const NodeLost& lost) { state.on_node_lost(lost); },
      [&state](const RelocateJob&) { state.on_relocate(); },
      [&state](TasksDeployed& deployed) { state.on_deployed(deployed); },
      [&state](const TaskReady& ready) { state.on_ready(ready); },
      [&state](const TaskFailed& failed) { state.on_task_failed(failed); },
      [&state](const TaskDrained& drained) { state.on_drained(drained); },
      [&state](const TaskDone& done) { state.on_done(done); },
      [&state](const TaskCounters& counters) {
        state.on_counters(counters.from, counters.counters);
      },
      [&state](TaskMetrics& metrics) { state.on_metrics(metrics); },
      [&state](const Wake& wake) { state.on_wake(wake.at); },
      [](const Continue& message) { message.then(); },
  };
}

}  // namespace weir::actors
