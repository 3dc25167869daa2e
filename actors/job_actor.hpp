// JobActor: carries a runtime::JobMachine. It spawns the coordinator of each execution and the
// node, deploys subtasks, watches all of them, and begins again when one of them fails.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/job_context.hpp"
#include "actors/services.hpp"
#include "runtime/job/view.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::actors {

/// What a job actor is spawned with.
struct JobSpawn {
  JobContextPtr context;
  Services services;
  runtime::JobObserver* observer = nullptr;  // may be null; else outlives the actor
  Duration report_every{};                   // how often subtasks are asked for counters; 0: never
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
  void on_prepared(ExecutionPrepared& prepared);
  void on_refused(const ExecutionRefused& refused);
  void on_deployed(TasksDeployed& deployed);
  void on_ready(const TaskReady& ready);
  void on_task_failed(const TaskFailed& failed);
  void on_drained(const TaskDrained& drained);
  void on_done(const TaskDone& done);
  void on_counters(const TaskCounters& counters);
  void on_checkpoint_done(const CheckpointDone& done);
  void on_checkpoint_lost(const CheckpointLost& lost);
  void on_checkpoints_failed(const CheckpointsFailed& failed);
  void on_wake(Duration at);
  void on_down(const caf::down_msg& down);

private:
  friend struct PerformJob;

  void perform(const runtime::JobActions& actions);
  void fail(runtime::JobFailure failure);
  void watch(const caf::strong_actor_ptr& actor, std::string display_name);
  void end_execution();
  void check_execution_ended();
  void show();
  bool is_current(AttemptId attempt) const { return attempt == machine_->attempt(); }
  Duration now() const { return spawn_->services.clock.monotonic(); }

  Self self_;
  std::optional<JobSpawn> spawn_;
  std::optional<runtime::JobMachine> machine_;
  NodeActor node_;
  CoordinatorActor coordinator_;
  std::vector<TaskHandle> tasks_;                   // of the execution
  std::map<caf::actor_addr, std::string> watched_;  // living actors of the execution
  bool is_deploying_ = false;  // the node has been asked for subtasks and has not answered
  std::optional<ExecutionPrepared> prepared_;
  std::map<SubtaskId, runtime::SubtaskCounters> counters_;
  runtime::JobView view_;
};

JobActor::behavior_type job_actor(JobActorState::Self self, JobSpawn spawn);

}  // namespace weir::actors
