// Every message between actors, one struct each. Between processes a message is one opaque block of
// bytes, written by Weir's own codecs: CAF's inspectors are slow for structs and damage doubles.
//
// Messages are values. The only memory that two actors may share is an immutable batch.
#pragma once

#include "actors/frame_wire.hpp"
#include "actors/message_inspect.hpp"
#include "actors/time_messages.hpp"
#include "checkpoint/coordinator.hpp"
#include "runtime/job/job_machine.hpp"
#include "runtime/job/restore.hpp"
#include "runtime/task/element.hpp"
#include "runtime/task/state_restore.hpp"
#include "runtime/task/subtask.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::actors {

// ---- data: subtask to subtask ----------------------------------------------------------------

/// The receiver has room for more batches. `channel` is the sender's index.
struct Credits {
  ChannelIndex channel;
  std::uint32_t count = 0;
};

// ---- orders to a subtask ----------------------------------------------------------------------

/// All subtasks are connected and restored: begin.
struct StartTask {};

/// A source is to emit this barrier now.
struct TriggerCheckpoint {
  checkpoint::Barrier barrier;
};

struct CheckpointCompleted {
  CheckpointId id;
  bool is_last = false;  // the job ends with it
};

struct CheckpointAborted {
  CheckpointId id;
};

/// Splits for a source to read; `no_more` says that they are the last for this subtask.
struct AssignSplits {
  std::vector<state::SplitPosition> splits;
  bool no_more = false;
};

/// The job ends without a checkpoint: hand over what sinks hold, then report done.
struct EndTask {};

/// Say what you count and measure.
struct AskCounters {};

/// Say how you stand.
struct AskSituation {
  std::uint64_t round = 0;  // to be said in the answer
};

// ---- reports of a subtask ---------------------------------------------------------------------

/// Connected and restored.
struct TaskReady {
  checkpoint::Speaker from;
  runtime::RestoredFrom restored = runtime::RestoredFrom::metadata;
};

struct TaskFailed {
  checkpoint::Speaker from;
  runtime::TaskFailure failure;
};

struct TaskDrained {
  checkpoint::Speaker from;
};

struct TaskDone {
  checkpoint::Speaker from;
};

struct TaskCounters {
  checkpoint::Speaker from;
  runtime::SubtaskCounters counters;
};

/// The answer to AskCounters.
struct TaskMetrics {
  checkpoint::Speaker from;
  runtime::SubtaskMetrics metrics;
};

/// The answer to AskSituation.
struct TaskSituation {
  checkpoint::Speaker from;
  std::uint64_t round = 0;
  runtime::SubtaskSituation situation;
};

/// A source subtask asks the coordinator for splits.
struct RequestSplits {
  checkpoint::Speaker from;
};

using AckCheckpoint = checkpoint::Ack;
using DeclineCheckpoint = checkpoint::Decline;

// ---- coordinator and job ----------------------------------------------------------------------

/// An execution, or the part of one that restarts as this attempt, can be deployed.
struct ExecutionPrepared {
  AttemptId attempt;
  std::map<SubtaskId, runtime::SubtaskRestore> restore;
  std::string directory;  // where the state files lie
  std::optional<CheckpointId> restored_from;
};

/// An execution, or the part of one that restarts as this attempt, cannot be begun.
struct ExecutionRefused {
  AttemptId attempt;
  runtime::JobFailure failure;
};

/// These subtasks have failed, or are being ended because of others; the rest of the execution goes
/// on. Orders for their next attempt follow.
struct SubtasksFailed {
  std::set<SubtaskId> subtasks;
};

/// Nothing is left of these subtasks: prepare their restart as this attempt.
struct PrepareSubtasks {
  AttemptId attempt;
  std::set<SubtaskId> subtasks;
};

/// There is no checkpoint from which subtasks can restart alone.
struct SubtasksRefused {
  AttemptId attempt;
  std::string reason;
};

/// Take a checkpoint now: besides the periodic ones, or the next of them.
struct RequestCheckpoint {
  checkpoint::CheckpointKind kind = checkpoint::CheckpointKind::end_of_input;
};

/// A subtask reads a backlog from now on, or does not any more.
struct SourceBacklog {
  checkpoint::Speaker from;
  bool is_backlog = false;
};

/// Periodic checkpoints come at this interval from now on.
struct SetInterval {
  Duration interval{};
};

/// Take a savepoint now.
using RequestSavepoint = checkpoint::SavepointRequest;

/// What came of a savepoint.
struct SavepointAnswer {
  std::string ticket;  // of the request
  ErrorCode code = ErrorCode::ok;
  std::string text;  // the path of the savepoint, or what went wrong and what to do

  Result<std::string> result() const {
    return code == ErrorCode::ok ? Result<std::string>{text}
                                 : Result<std::string>{Status{code, text}};
  }
};

/// The coordinator's answer to RequestSavepoint.
struct SavepointEnded {
  AttemptId attempt;
  SavepointAnswer answer;
  bool has_drained = false;  // and failed: the execution cannot go on
};

struct CheckpointDone {
  AttemptId attempt;
  checkpoint::CheckpointReport report;
};

struct CheckpointLost {
  AttemptId attempt;
  CheckpointId id;
  checkpoint::CheckpointKind kind = checkpoint::CheckpointKind::periodic;
  std::string reason;
};

/// A checkpoint or savepoint has been triggered, or is slow.
struct CheckpointUnderWay {
  AttemptId attempt;
  checkpoint::CheckpointRecord record;
  std::vector<SubtaskId> missing;  // if it is slow: have not answered
  std::string waits_on;            // and on what it waits; else empty
};

/// A checkpoint or savepoint has ended, well or not.
struct CheckpointEnded {
  AttemptId attempt;
  checkpoint::CheckpointRecord record;
  std::string failure;   // empty: it is complete
  std::string waits_on;  // or did, when it was last found slow
};

/// Subtasks wait for each other, and will for ever.
struct JobDeadlocked {
  AttemptId attempt;
  std::string circle;  // "a/0 waits for credits of b/0, which waits for credits of a/0"
};

/// More checkpoints have failed than may.
struct CheckpointsFailed {
  AttemptId attempt;
  std::string reason;
};

// ---- to the job -------------------------------------------------------------------------------

struct LaunchJob {};

/// End the job: with a last checkpoint, or at once.
struct StopJob {
  bool at_once = false;
};

/// Take a savepoint, and perhaps end the job behind it.
struct TakeSavepoint {
  std::string ticket;  // no two requests have the same; one that is repeated has it again
  std::string target;  // a directory; "": as the job's options say
  checkpoint::CheckpointKind kind = checkpoint::CheckpointKind::savepoint;  // or stop, drain
  SavepointFormat format = SavepointFormat::canonical;
};

/// Returns what a savepoint is taken as, behind which the job ends as `stop` says, or goes on.
inline checkpoint::CheckpointKind savepoint_kind(std::optional<StopMode> stop) {
  using checkpoint::CheckpointKind;
  if (!stop) return CheckpointKind::savepoint;
  return *stop == StopMode::drain ? CheckpointKind::drain : CheckpointKind::stop;
}

// ---- slots ------------------------------------------------------------------------------------

/// There are not enough slots yet; for people.
struct SlotsMissing {
  AttemptId attempt;
  std::string what;  // "waiting for slots: the job needs 4, 2 are free"
};

/// There will be no slots: none came in time, or a node cannot run this job.
struct SlotsRefused {
  AttemptId attempt;
  runtime::JobFailure failure;
};

/// The job is to run elsewhere as soon as a checkpoint has completed.
struct RelocateJob {};

/// Whatever the job has on this node is lost, or must be taken for lost.
struct NodeLost {
  std::string node;  // its name
  std::string reason;
};

// ---- node -------------------------------------------------------------------------------------

/// Spawn these subtasks. What the node has of them, and of any attempt before `execution`, ends.
struct DeployTasks {
  AttemptId attempt;
  AttemptId execution;  // the attempt as which the execution began that they are a part of
  std::map<SubtaskId, runtime::SubtaskRestore> tasks;
  std::string directory;  // where the state files to restore lie
};

// ---- an actor to itself; these never leave it --------------------------------------------------

/// Work on.
struct Turn {};

/// The time that was waited for has come.
struct Wake {
  Duration at{};  // monotonic
};

/// Call this as one of the actor's turns: the second half of work done off the actor threads.
struct Continue {
  std::function<void()> then;
};

WEIR_MESSAGE(Credits)
WEIR_EMPTY_MESSAGE(StartTask)
WEIR_MESSAGE(TriggerCheckpoint)
WEIR_MESSAGE(CheckpointCompleted)
WEIR_MESSAGE(CheckpointAborted)
WEIR_MESSAGE(AssignSplits)
WEIR_EMPTY_MESSAGE(EndTask)
WEIR_EMPTY_MESSAGE(AskCounters)
WEIR_MESSAGE(AskSituation)
WEIR_MESSAGE(TaskReady)
WEIR_MESSAGE(TaskFailed)
WEIR_MESSAGE(TaskDrained)
WEIR_MESSAGE(TaskDone)
WEIR_MESSAGE(TaskCounters)
WEIR_MESSAGE(TaskMetrics)
WEIR_MESSAGE(TaskSituation)
WEIR_MESSAGE(RequestSplits)
WEIR_MESSAGE(ExecutionPrepared)
WEIR_MESSAGE(ExecutionRefused)
WEIR_MESSAGE(SubtasksFailed)
WEIR_MESSAGE(PrepareSubtasks)
WEIR_MESSAGE(SubtasksRefused)
WEIR_MESSAGE(RequestCheckpoint)
WEIR_MESSAGE(SetInterval)
WEIR_MESSAGE(SourceBacklog)
WEIR_MESSAGE(SavepointAnswer)
WEIR_MESSAGE(SavepointEnded)
WEIR_MESSAGE(TakeSavepoint)
WEIR_MESSAGE(CheckpointDone)
WEIR_MESSAGE(CheckpointLost)
WEIR_MESSAGE(CheckpointUnderWay)
WEIR_MESSAGE(CheckpointEnded)
WEIR_MESSAGE(JobDeadlocked)
WEIR_MESSAGE(CheckpointsFailed)
WEIR_EMPTY_MESSAGE(LaunchJob)
WEIR_MESSAGE(StopJob)
WEIR_MESSAGE(DeployTasks)
WEIR_MESSAGE(SlotsMissing)
WEIR_MESSAGE(SlotsRefused)
WEIR_EMPTY_MESSAGE(RelocateJob)
WEIR_MESSAGE(NodeLost)

}  // namespace weir::actors

// An actor's messages to itself hold what no other actor may see.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::Turn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::Wake)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::Continue)

CAF_BEGIN_TYPE_ID_BLOCK(weir_messages, caf::first_custom_type_id)

  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::DataFrame))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::Credits))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::StartTask))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::TriggerCheckpoint))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::CheckpointCompleted))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::CheckpointAborted))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::AssignSplits))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::EndTask))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::AskCounters))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::AskSituation))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::TaskReady))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::TaskFailed))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::TaskDrained))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::TaskDone))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::TaskCounters))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::TaskMetrics))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::TaskSituation))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::RequestSplits))
  CAF_ADD_TYPE_ID(weir_messages, (weir::checkpoint::Ack))
  CAF_ADD_TYPE_ID(weir_messages, (weir::checkpoint::Decline))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::ExecutionPrepared))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::ExecutionRefused))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::SubtasksFailed))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::PrepareSubtasks))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::SubtasksRefused))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::RequestCheckpoint))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::SetInterval))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::SourceBacklog))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::TellTime))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::GroupTime))
  CAF_ADD_TYPE_ID(weir_messages, (weir::checkpoint::SavepointRequest))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::SavepointAnswer))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::SavepointEnded))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::TakeSavepoint))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::CheckpointDone))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::CheckpointLost))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::CheckpointUnderWay))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::CheckpointEnded))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::JobDeadlocked))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::CheckpointsFailed))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::LaunchJob))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::StopJob))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::DeployTasks))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::SlotsMissing))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::SlotsRefused))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::RelocateJob))
  CAF_ADD_TYPE_ID(weir_messages, (weir::actors::NodeLost))
  CAF_ADD_TYPE_ID(weir_messages, (weir::SubtaskId))
  CAF_ADD_TYPE_ID(weir_messages, (std::vector<weir::SubtaskId>))

CAF_END_TYPE_ID_BLOCK(weir_messages)
