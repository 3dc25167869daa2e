// JobActor: carries a runtime::JobMachine, and a runtime::RegionFailover beside it. It spawns the
// coordinator of each execution and deploys subtasks on nodes (job_deployment.cpp), watches all of
// them, and begins again when one of them fails (job_failures.cpp): with the whole job, or with
// what has failed of it (job_regions.cpp). For those who ask it takes savepoints
// (job_savepoints.cpp).
#pragma once

#include "actors/hosted_job.hpp"
#include "actors/interfaces.hpp"
#include "actors/living_actors.hpp"
#include "actors/services.hpp"
#include "runtime/job/auto_interval.hpp"
#include "runtime/job/checkpoint_history.hpp"
#include "runtime/job/job_counters.hpp"
#include "runtime/job/job_metrics.hpp"
#include "runtime/job/region_failover.hpp"
#include "runtime/job/view.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace weir::actors {

/// What must be durable at the end of a job, around the deletion of its checkpoints. Both block;
/// when one fails, the job never ends here.
struct JobEnding {
  std::function<Status(const runtime::JobOutcome&)> before = [](const auto&) { return Status{}; };
  std::function<Status()> after = [] { return Status{}; };
};

/// What a job actor is spawned with.
struct JobSpawn {
  HostedJobPtr job;
  Services services;
  /// Called on the actor's thread whenever the view changes. Whoever spawned the actor may be gone
  /// by then: a kill takes its time.
  std::function<void(const runtime::JobView&)> on_view;
  Duration report_every{};  // how often subtasks are asked for counters; 0: never
  SlotActor slots = {};     // without one the job runs in this process alone
  JobEnding ending = {};
  /// Called on the actor's thread with the answer to each TakeSavepoint, once.
  std::function<void(const SavepointAnswer&)> on_savepoint = [](const SavepointAnswer&) {};
  /// Called likewise for each checkpoint and savepoint that has been triggered, that is slow, or
  /// that has ended.
  std::function<void(const runtime::CheckpointEntry&)> on_checkpoint =
      [](const runtime::CheckpointEntry&) {};
  std::shared_ptr<runtime::JobMetrics> metrics = {};  // to be kept up to date; null: none
};

/// The actor's state.
class JobActorState {
public:
  using Self = JobActor::stateful_pointer<JobActorState>;

  static inline const char* name = "job";

  explicit JobActorState(Self self) : self_{self} {}

  void begin(JobSpawn spawn);
  void on_launch();
  void on_stop(const StopJob& stop);
  void on_take_savepoint(const TakeSavepoint& take);
  void on_savepoint_ended(const SavepointEnded& ended);
  void on_slots_granted(SlotsGranted& granted);
  void on_slots_missing(const SlotsMissing& missing);
  void on_slots_refused(const SlotsRefused& refused);
  void on_node_lost(const NodeLost& lost);
  void on_relocate();
  void on_prepared(ExecutionPrepared& prepared);
  void on_refused(const ExecutionRefused& refused);
  void on_deployed(TasksDeployed& deployed);
  void on_subtasks_refused(const SubtasksRefused& refused);
  void on_ready(const TaskReady& ready);
  void on_task_failed(const TaskFailed& failed);
  void on_drained(const TaskDrained& drained);
  void on_done(const TaskDone& done);
  void on_counters(const checkpoint::Speaker& from, const runtime::SubtaskCounters& counters);
  void on_metrics(TaskMetrics& metrics);
  void on_checkpoint_done(const CheckpointDone& done);
  void on_checkpoint_lost(const CheckpointLost& lost);
  void on_checkpoint_under_way(const CheckpointUnderWay& under_way);
  void on_checkpoint_ended(CheckpointEnded& ended);
  void on_checkpoints_failed(const CheckpointsFailed& failed);
  void on_deadlocked(const JobDeadlocked& deadlocked);
  void on_wake(Duration at);
  void on_down(const caf::down_msg& down);

private:
  friend struct PerformJob;
  friend struct PerformRegion;

  struct Execution {
    AttemptId attempt;  // as which it began; parts of it may have restarted since
    CoordinatorActor coordinator;
  };
  /// What the job has been asked for and has not done yet.
  struct Asked {
    std::map<std::string, checkpoint::CheckpointKind> savepoints;  // by ticket
    bool relocates = false;                                        // behind the next checkpoint
  };

  void perform(const runtime::JobActions& actions);
  void perform(const runtime::RegionActions& actions);
  void fail(const runtime::JobFailure& failure, const std::set<SubtaskId>& failed = {});
  void deploy(const NodeShare& share, AttemptId attempt);
  void connect_tasks(AttemptId attempt);
  void watch(const caf::actor_addr& actor, Watched watched);
  void acquire_slots(AttemptId attempt);
  void forget_nodes();
  void take_plan(HostedJobPtr job, const std::string& why);
  NodeShare own_node();
  void spawn_coordinator(AttemptId attempt);
  void end_execution();
  void end_subtasks(const std::set<SubtaskId>& subtasks);
  void redeploy(const std::set<SubtaskId>& subtasks, AttemptId attempt);
  void resume(const std::set<SubtaskId>& subtasks);
  void check_ended();
  void answer(const SavepointAnswer& answer);
  void give_up_savepoints(const std::string& why);
  void log_restored() const;
  void show();
  void note(const runtime::CheckpointEntry& entry);
  void reconsider_interval();
  bool is_ending() const;
  const runtime::Plan& plan() const { return spawn_->job->context->plan(); }
  /// Whether this is the attempt of the execution or of the restart of a part that is under way.
  bool is_current(AttemptId attempt) const { return attempt == machine_->attempt(); }
  Duration now() const { return spawn_->services.clock.monotonic(); }

  Self self_;
  std::optional<JobSpawn> spawn_;
  std::optional<runtime::JobMachine> machine_;
  std::optional<runtime::RegionFailover> regions_;
  Execution execution_;
  std::optional<Duration> restart_due_;  // of the whole job
  LivingActors living_;
  std::optional<ExecutionPrepared> prepared_;  // of the execution, or of the part that restarts
  Asked asked_;
  std::optional<runtime::AutoInterval> interval_;  // none: the options say it once and for all
  runtime::JobCounters counters_;
  runtime::JobView view_;
};

JobActor::behavior_type job_actor(JobActorState::Self self, JobSpawn spawn);

}  // namespace weir::actors
