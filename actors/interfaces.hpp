// Every actor of Weir and what it understands: the architecture on one page.
//
//                 ┌───────────── JobActor ─────────────┐          one per job
//   PrepareExec.. │ spawns          │ DeployTasks       │
//                 ▼                 ▼                   │ TaskReady, Failed, Drained, Done
//        CoordinatorActor       NodeActor               │
//   one per execution   │           │ spawns            │
//   Trigger, Completed, │           ▼                   │
//   Aborted, Splits,    └──────► SubtaskActor ──────────┘          one per subtask and execution
//   GroupTime                       │  ▲
//      Ack, Decline, Splits, Time ◄─┘  │ DataFrame (down the graph), Credits (up)
//                                      ▼
//                                 SubtaskActor
//
// Each carries one pure state machine: runtime::JobMachine, checkpoint::Coordinator,
// runtime::Subtask. A restart of the job replaces every actor but its own and the nodes', one of
// some regions only their subtasks: so that stale messages land nowhere.
#pragma once

#include "actors/messages.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace weir::actors {

struct HostedJob;
struct Peers;
struct RequestSlots;
struct SlotsGranted;
struct SubtasksRunning;
struct TasksDeployed;
struct TasksRunning;

/// Runs one subtask (actors/subtask_actor).
using SubtaskActor = caf::typed_actor<
    // The actors that this subtask talks to. Sent once, before StartTask.
    caf::reacts_to<Peers>,
    // All subtasks are connected and restored: begin.
    caf::reacts_to<StartTask>,
    // From an upstream subtask: the next frame of a channel.
    caf::reacts_to<DataFrame>,
    // From a downstream subtask: room for more batches.
    caf::reacts_to<Credits>,
    // From the coordinator: emit a barrier (sources), commit, forget.
    caf::reacts_to<TriggerCheckpoint>, caf::reacts_to<CheckpointCompleted>,
    caf::reacts_to<CheckpointAborted>,
    // From the coordinator, on request: splits to read.
    caf::reacts_to<AssignSplits>,
    // From the coordinator: how far the slowest is of those that it keeps pace with.
    caf::reacts_to<GroupTime>,
    // From the job: it ends without a last checkpoint.
    caf::reacts_to<EndTask>,
    // From the job: report counters.
    caf::reacts_to<AskCounters>,
    // From the coordinator, when a checkpoint is slow: say how you stand.
    caf::reacts_to<AskSituation>,
    // From itself.
    caf::reacts_to<Turn>, caf::reacts_to<Wake>, caf::reacts_to<Continue>>;

/// Coordinates the checkpoints of one execution of a job (actors/coordinator_actor). It begins by
/// choosing what to restore, and tells the job.
using CoordinatorActor = caf::typed_actor<
    // From the job: all subtasks are running; checkpoints may begin.
    caf::reacts_to<TasksRunning>,
    // From the job: some subtasks have failed, are to restart alone, run again.
    caf::reacts_to<SubtasksFailed>, caf::reacts_to<PrepareSubtasks>,
    caf::reacts_to<SubtasksRunning>,
    // From subtasks.
    caf::reacts_to<AckCheckpoint>, caf::reacts_to<DeclineCheckpoint>, caf::reacts_to<RequestSplits>,
    caf::reacts_to<SourceBacklog>, caf::reacts_to<TellTime>, caf::reacts_to<TaskSituation>,
    // From the job: take one now.
    caf::reacts_to<RequestCheckpoint>, caf::reacts_to<RequestSavepoint>,
    // From the job: how often to take one.
    caf::reacts_to<SetInterval>,
    // From itself.
    caf::reacts_to<Wake>, caf::reacts_to<Continue>>;

/// Keeps a job alive (actors/job_actor): begins executions, watches them, restarts, ends.
using JobActor = caf::typed_actor<
    // From whoever spawned it: begin.
    caf::reacts_to<LaunchJob>,
    // From anybody: end the job, take a savepoint.
    caf::reacts_to<StopJob>, caf::reacts_to<TakeSavepoint>,
    // From the coordinator.
    caf::reacts_to<ExecutionPrepared>, caf::reacts_to<ExecutionRefused>,
    caf::reacts_to<SubtasksRefused>, caf::reacts_to<CheckpointDone>, caf::reacts_to<CheckpointLost>,
    caf::reacts_to<CheckpointUnderWay>, caf::reacts_to<CheckpointEnded>,
    caf::reacts_to<CheckpointsFailed>, caf::reacts_to<JobDeadlocked>,
    caf::reacts_to<SavepointEnded>,
    // From whoever assigns slots.
    caf::reacts_to<SlotsGranted>, caf::reacts_to<SlotsMissing>, caf::reacts_to<SlotsRefused>,
    caf::reacts_to<NodeLost>, caf::reacts_to<RelocateJob>,
    // From a node: the subtasks exist.
    caf::reacts_to<TasksDeployed>,
    // From subtasks.
    caf::reacts_to<TaskReady>, caf::reacts_to<TaskFailed>, caf::reacts_to<TaskDrained>,
    caf::reacts_to<TaskDone>, caf::reacts_to<TaskCounters>, caf::reacts_to<TaskMetrics>,
    // From itself.
    caf::reacts_to<Wake>, caf::reacts_to<Continue>>;

/// Assigns slots on nodes to jobs. A job without such an actor runs in its own process alone.
using SlotActor = caf::typed_actor<
    // From a job: a place for each of its subtasks.
    caf::reacts_to<RequestSlots>>;

/// Hosts subtasks of one job in one process (actors/node_actor).
using NodeActor = caf::typed_actor<
    // From the job: spawn these subtasks and say where they are.
    caf::reacts_to<DeployTasks>>;

// ---- messages that carry handles: CAF alone can encode those -----------------------------------

/// A subtask and the actor that runs it.
struct TaskHandle {
  SubtaskId id;
  AttemptId attempt;
  SubtaskActor actor;
};

struct Peers {
  JobActor job;
  CoordinatorActor coordinator;
  std::vector<TaskHandle> tasks;  // all of the execution, or of the part of it that restarts
};

struct TasksDeployed {
  AttemptId attempt;
  std::vector<TaskHandle> tasks;
};

struct RequestSlots {
  AttemptId attempt;
  JobActor job;
};

/// Subtasks that are to run on one node.
struct NodeShare {
  NodeActor node;
  std::string name;  // of the node, for people
  std::vector<SubtaskId> subtasks;
};

/// A place for each subtask. It does not leave the process.
struct SlotsGranted {
  AttemptId attempt;
  std::vector<NodeShare> shares;
  std::shared_ptr<const HostedJob> job;  // whose subtasks these are; null: the plan is as before
  std::string rescaled = {};             // why the job has another parallelism now; "": it has not
};

struct TasksRunning {
  std::vector<TaskHandle> tasks;
};

/// Subtasks that had failed run again.
struct SubtasksRunning {
  std::vector<TaskHandle> tasks;
};

template <class Inspector>
auto inspect(Inspector& f, TaskHandle& handle) {
  return f(caf::meta::type_name("TaskHandle"), handle.id, handle.attempt, handle.actor);
}
template <class Inspector>
auto inspect(Inspector& f, Peers& message) {
  return f(caf::meta::type_name("Peers"), message.job, message.coordinator, message.tasks);
}
template <class Inspector>
auto inspect(Inspector& f, TasksDeployed& message) {
  return f(caf::meta::type_name("TasksDeployed"), message.attempt, message.tasks);
}
template <class Inspector>
auto inspect(Inspector& f, RequestSlots& message) {
  return f(caf::meta::type_name("RequestSlots"), message.attempt, message.job);
}
template <class Inspector>
auto inspect(Inspector& f, TasksRunning& message) {
  return f(caf::meta::type_name("TasksRunning"), message.tasks);
}
template <class Inspector>
auto inspect(Inspector& f, SubtasksRunning& message) {
  return f(caf::meta::type_name("SubtasksRunning"), message.tasks);
}

}  // namespace weir::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::SlotsGranted)

CAF_BEGIN_TYPE_ID_BLOCK(weir_handles, caf::id_block::weir_messages::end)

  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::SubtaskActor))
  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::CoordinatorActor))
  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::JobActor))
  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::NodeActor))
  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::SlotActor))
  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::TaskHandle))
  CAF_ADD_TYPE_ID(weir_handles, (std::vector<weir::actors::TaskHandle>))
  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::Peers))
  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::TasksDeployed))
  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::TasksRunning))
  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::SubtasksRunning))
  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::RequestSlots))
  CAF_ADD_TYPE_ID(weir_handles, (weir::actors::SlotsGranted))

CAF_END_TYPE_ID_BLOCK(weir_handles)
