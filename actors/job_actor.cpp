#include "actors/job_actor.hpp"

#include "actors/blocking.hpp"
#include "actors/coordinator_actor.hpp"
#include "actors/node_actor.hpp"
#include "base/text.hpp"
#include "runtime/job/cleanup.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {

using runtime::JobFailure;

/// Performs the machine's actions.
struct PerformJob {
  JobActorState& state;

  void operator()(const runtime::AcquireSlots& action) const {
    state.relocates_ = false;  // whatever happens next, it happens elsewhere
    state.view_.attempt = action.attempt;
    if (state.spawn_->slots) {
      state.forget_nodes();
      state.self_->send(state.spawn_->slots, RequestSlots{action.attempt, JobActor{state.self_}});
    } else {
      SlotsGranted granted{action.attempt, {state.own_node()}, nullptr};
      state.on_slots_granted(granted);
    }
  }

  void operator()(const runtime::PrepareExecution& action) const {
    state.counters_.on_execution(action.attempt);
    state.execution_ = action.attempt;
    state.coordinator_ =
        state.self_->spawn(coordinator_actor, state.spawn_->job, state.spawn_->services,
                           JobActor{state.self_}, action.attempt);
    const auto pointer = caf::actor_cast<caf::strong_actor_ptr>(state.coordinator_);
    state.spawn_->services.roster.add("coordinator", pointer);
    state.watch(pointer, {"the checkpoint coordinator", std::nullopt});
  }

  void operator()(const runtime::DeploySubtasks& action) const {
    state.regions_->on_execution(action.attempt);
    for (const NodeShare& share : state.nodes_) state.deploy(share, action.attempt);
  }

  void operator()(const runtime::StartSubtasks&) const {
    state.log_restored();
    state.self_->send(state.coordinator_, TasksRunning{state.tasks_});
    for (const TaskHandle& task : state.tasks_) state.self_->send(task.actor, StartTask{});
    if (state.relocates_) state.on_relocate();
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
    state.self_->send(state.coordinator_,
                      RequestCheckpoint{checkpoint::CheckpointKind::end_of_input});
  }

  void operator()(const runtime::RequestStopCheckpoint&) const {
    state.self_->send(state.coordinator_, RequestCheckpoint{checkpoint::CheckpointKind::stop});
  }

  void operator()(const runtime::EndWithoutCheckpoint&) const {
    for (const TaskHandle& task : state.tasks_) state.self_->send(task.actor, EndTask{});
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
    state.view_.outcome = action.outcome;
    for (const auto& [address, who] : state.watched_)
      kill_actor(caf::actor_cast<caf::strong_actor_ptr>(address));
    state.tasks_.clear();
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

void JobActorState::on_slots_granted(SlotsGranted& granted) {
  if (!is_current(granted.attempt)) return;
  if (machine_->state() == runtime::JobState::scheduling && granted.job != nullptr)
    take_plan(std::move(granted.job), granted.rescaled);
  nodes_ = std::move(granted.shares);
  view_.waiting_for.clear();
  for (const NodeShare& share : nodes_) {
    const auto pointer = caf::actor_cast<caf::strong_actor_ptr>(share.node);
    if (!watched_.contains(caf::actor_cast<caf::actor_addr>(pointer)))
      watch(pointer, {share.name, std::nullopt});
  }
  perform(machine_->on_slots());
}

/// Whoever assigns slots may end the nodes of a job that waits for some.
void JobActorState::forget_nodes() {
  for (const NodeShare& share : nodes_) {
    self_->demonitor(share.node.address());
    watched_.erase(share.node.address());
  }
  nodes_.clear();
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

/// Behind the next checkpoint, which comes as soon as it can.
void JobActorState::on_relocate() {
  relocates_ = true;
  if (machine_->state() == runtime::JobState::running)
    self_->send(coordinator_, RequestCheckpoint{checkpoint::CheckpointKind::periodic});
}

void JobActorState::on_slots_missing(const SlotsMissing& missing) {
  if (!is_current(missing.attempt)) return;
  view_.waiting_for = missing.what;
  show();
}

void JobActorState::on_slots_refused(const SlotsRefused& refused) {
  if (is_current(refused.attempt)) fail(refused.failure);
}

/// The node's actors may live on, out of reach: nobody waits for their end. Whatever they still say
/// is of an attempt that is over.
void JobActorState::on_node_lost(const NodeLost& lost) {
  const auto at = std::find_if(nodes_.begin(), nodes_.end(),
                               [&](const NodeShare& share) { return share.name == lost.node; });
  if (at == nodes_.end()) return;
  const caf::node_id node = at->node.node();
  std::erase_if(watched_, [&](const auto& entry) { return entry.first.node() == node; });
  std::erase_if(deploying_, [&](const auto& asked) { return asked.first.node() == node; });
  std::erase_if(tasks_, [&](const TaskHandle& task) { return task.actor.node() == node; });
  nodes_.erase(at);
  const auto before = machine_->state();
  if (before == runtime::JobState::failing || before == runtime::JobState::cancelling)
    return check_ended();
  fail({lost.node + ": " + lost.reason, JobFailure::Kind::transient});
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
  if (!nodes_.empty()) {
    share.node = nodes_.front().node;
    return share;
  }
  share.node = self_->spawn(node_actor, spawn_->job->context, spawn_->services, JobActor{self_});
  spawn_->services.roster.add("node", caf::actor_cast<caf::strong_actor_ptr>(share.node));
  return share;
}

void JobActorState::deploy(const NodeShare& share, AttemptId attempt) {
  DeployTasks deploy{attempt, execution_, {}, prepared_->directory};
  for (const SubtaskId subtask : share.subtasks)
    deploy.tasks.emplace(subtask, std::move(prepared_->restore[subtask]));
  deploying_.emplace(share.node.address(), attempt);
  self_->send(share.node, std::move(deploy));
}

void JobActorState::on_deployed(TasksDeployed& deployed) {
  const auto node = caf::actor_cast<caf::actor_addr>(self_->current_sender());
  const bool is_expected = deploying_.erase({node, deployed.attempt}) != 0;
  for (TaskHandle& task : deployed.tasks) {
    const auto actor = caf::actor_cast<caf::strong_actor_ptr>(task.actor);
    const checkpoint::Speaker speaker{task.id, task.attempt};
    if (is_expected) watch(actor, {"subtask " + plan().name_of(task.id), speaker});
    if (is_expected && regions_->is_current(speaker))
      tasks_.push_back(std::move(task));
    else
      kill_actor(actor);  // what it belongs to has failed while it was being spawned
  }
  if (!is_expected || !deploying_.empty()) return;
  connect_tasks(deployed.attempt);
  check_ended();
}

void JobActorState::connect_tasks(AttemptId attempt) {
  Peers peers{JobActor{self_}, coordinator_, {}};
  for (const TaskHandle& task : tasks_) {
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

void JobActorState::on_task_failed(const TaskFailed& failed) {
  if (!regions_->is_current(failed.from)) return;
  const std::string subtask = plan().name_of(failed.from.subtask);
  std::string cause = "subtask " + subtask + ": ";
  if (!failed.failure.operator_name.empty())
    cause += "operator \"" + failed.failure.operator_name + "\": ";
  fail({cause + failed.failure.message, failed.failure.kind}, {failed.from.subtask});
}

void JobActorState::on_drained(const TaskDrained& drained) {
  if (regions_->is_current(drained.from)) perform(machine_->on_drained(drained.from.subtask));
}

void JobActorState::on_done(const TaskDone& done) {
  if (regions_->is_current(done.from)) perform(machine_->on_done(done.from.subtask));
}

void JobActorState::on_counters(const TaskCounters& counters) {
  counters_.on_counters(counters.from, counters.counters,
                        plan().is_source(counters.from.subtask.vertex));
}

void JobActorState::on_checkpoint_done(const CheckpointDone& done) {
  ++view_.checkpoints_completed;
  view_.last_checkpoint = done.report;
  const auto& report = done.report;
  spawn_->services.log.info("checkpoint completed",
                            {{"checkpoint", report.id.value()},
                             {"duration_ms", report.duration.count() / 1'000'000},
                             {"bytes", report.bytes}});
  if (relocates_) perform(machine_->on_relocation(now()));
  show();
}

void JobActorState::on_checkpoint_lost(const CheckpointLost& lost) {
  const runtime::JobState state = machine_->state();
  if (state == runtime::JobState::finishing || state == runtime::JobState::ended)
    return;  // not a failure: the job has ended, and with it what was under way
  ++view_.checkpoints_failed;
  spawn_->services.log.warn("checkpoint failed",
                            {{"checkpoint", lost.id.value()}, {"reason", lost.reason}});
  if (lost.kind == checkpoint::CheckpointKind::stop)
    perform(machine_->on_stop_checkpoint_failed(lost.reason));
  show();
}

void JobActorState::on_checkpoints_failed(const CheckpointsFailed& failed) {
  if (failed.attempt == execution_) fail({failed.reason, JobFailure::Kind::transient});
}

/// `at` is the time of a restart, or 0 for the report that is due now and then.
void JobActorState::on_wake(Duration at) {
  if (regions_->is_due(at)) return perform(regions_->on_due(machine_->begin_part_attempt()));
  if (at != Duration{}) {
    if (at != restart_due_) return;  // of a part that has not restarted alone after all
    restart_due_.reset();
    return perform(machine_->on_restart_due());
  }
  for (const TaskHandle& task : tasks_) self_->send(task.actor, AskCounters{});
  show();
  self_->delayed_send(self_, spawn_->report_every, Wake{});
}

void JobActorState::on_down(const caf::down_msg& down) {
  const auto at = watched_.find(down.source);
  if (at == watched_.end()) return;
  const Watched who = at->second;
  watched_.erase(at);
  std::erase_if(deploying_, [&](const auto& asked) { return asked.first == down.source; });
  std::erase_if(nodes_, [&](const NodeShare& share) { return share.node == down.source; });
  if (machine_->state() == runtime::JobState::failing ||
      machine_->state() == runtime::JobState::cancelling)
    return check_ended();
  if (who.subtask && !regions_->is_current(*who.subtask)) return check_ended();
  const bool is_cut_off = down.reason == caf::exit_reason::remote_link_unreachable;
  std::set<SubtaskId> failed;
  if (who.subtask) failed.insert(who.subtask->subtask);
  fail({who.name + " died: " + (is_cut_off ? "its connection broke" : caf::to_string(down.reason)),
        JobFailure::Kind::transient},
       failed);
}

/// `failed`: the subtasks that are known to have failed, and nothing besides them; none if that is
/// not known.
void JobActorState::fail(const JobFailure& failure, const std::set<SubtaskId>& failed) {
  const auto before = machine_->state();
  runtime::JobActions actions;
  std::optional<Duration> part_restarts_at;
  if (const auto affected = regions_->affected_by(failed))
    part_restarts_at = machine_->on_part_failure(failure, *affected, now(), actions);
  else
    actions = machine_->on_failure(failure, now());
  if (part_restarts_at || machine_->state() != before)
    spawn_->services.log.warn(part_restarts_at ? "a part of the job failed" : "the job failed",
                              {{"cause", failure.cause}, {"attempt", view_.attempt.value()}});
  perform(actions);
  if (part_restarts_at) perform(regions_->on_failure(failed, *part_restarts_at));
}

void JobActorState::watch(const caf::strong_actor_ptr& actor, Watched watched) {
  self_->monitor<caf::message_priority::high>(caf::actor_cast<caf::actor_addr>(actor));
  watched_.emplace(caf::actor_cast<caf::actor_addr>(actor), std::move(watched));
}

bool JobActorState::is_node(const caf::actor_addr& address) const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [&](const NodeShare& share) { return share.node == address; });
}

/// Kills everything that belongs to the execution; nodes stay for the next one.
void JobActorState::end_execution() {
  regions_->on_execution_over();
  for (const auto& [address, who] : watched_) {
    if (!is_node(address)) kill_actor(caf::actor_cast<caf::strong_actor_ptr>(address));
  }
  tasks_.clear();
  coordinator_ = nullptr;
  check_ended();
}

/// Goes on if all is gone of what is being ended: the execution, or some subtasks of it.
void JobActorState::check_ended() {
  if (!deploying_.empty()) return;
  if (machine_->state() == runtime::JobState::running) {
    const std::set<SubtaskId>& ending = regions_->restarting();
    const bool lives = std::any_of(watched_.begin(), watched_.end(), [&](const auto& entry) {
      return entry.second.subtask && ending.contains(entry.second.subtask->subtask);
    });
    if (!lives) perform(regions_->on_ended());
  } else if (watched_.size() <= nodes_.size()) {
    perform(machine_->on_execution_ended());
  }
}

void JobActorState::perform(const runtime::JobActions& actions) {
  for (const runtime::JobAction& action : actions) std::visit(PerformJob{*this}, action);
  show();
}

void JobActorState::log_restored() const {
  if (view_.restored.subtasks == 0) return;
  spawn_->services.log.info("state restored", {{"subtasks", view_.restored.subtasks},
                                               {"from_local_copies", view_.restored.locally}});
}

void JobActorState::show() {
  view_.state = machine_->state();
  view_.restarts = machine_->restarts();
  view_.last_failure = machine_->last_failure();
  counters_.show_in(view_);
  spawn_->on_view(view_);
}

JobActor::behavior_type job_actor(JobActorState::Self self, JobSpawn spawn) {
  JobActorState& state = self->state;
  state.begin(std::move(spawn));
  return {
      [&state](const LaunchJob&) { state.on_launch(); },
      [&state](const StopJob& stop) { state.on_stop(stop); },
      [&state](ExecutionPrepared& prepared) { state.on_prepared(prepared); },
      [&state](const ExecutionRefused& refused) { state.on_refused(refused); },
      [&state](const SubtasksRefused& refused) { state.on_subtasks_refused(refused); },
      [&state](const CheckpointDone& done) { state.on_checkpoint_done(done); },
      [&state](const CheckpointLost& lost) { state.on_checkpoint_lost(lost); },
      [&state](const CheckpointsFailed& failed) { state.on_checkpoints_failed(failed); },
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
      [&state](const TaskCounters& counters) { state.on_counters(counters); },
      [&state](const Wake& wake) { state.on_wake(wake.at); },
      [](const Continue& message) { message.then(); },
  };
}

}  // namespace weir::actors
