// CoordinatorActor: carries a checkpoint::Coordinator and the splits of all sources for one
// execution of a job. When some subtasks restart alone it stays, and prepares their restart
// (coordinator_restart.cpp). When a checkpoint is slow it finds out why (coordinator_stalls.cpp).
// It lets sources keep pace with each other.
#pragma once

#include "actors/hosted_job.hpp"
#include "actors/interfaces.hpp"
#include "actors/services.hpp"
#include "runtime/job/checkpoint_regions.hpp"
#include "runtime/job/source_splits.hpp"
#include "runtime/job/stall_watch.hpp"
#include "runtime/job/watermark_groups.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace weir::actors {

/// The actor's state.
class CoordinatorState {
public:
  using Self = CoordinatorActor::stateful_pointer<CoordinatorState>;

  static inline const char* name = "coordinator";

  explicit CoordinatorState(Self self) : self_{self} {}

  /// Begins the execution: chooses what to restore, and tells the job.
  void begin(HostedJobPtr hosted, const Services& services, JobActor job, AttemptId attempt);
  void on_running(TasksRunning& running);
  void on_subtasks_failed(const SubtasksFailed& failed);
  void on_prepare_subtasks(PrepareSubtasks& prepare);
  void on_subtasks_running(SubtasksRunning& running);
  void on_ack(checkpoint::Ack& ack);
  void on_decline(const checkpoint::Decline& decline);
  void on_request_splits(const RequestSplits& request);
  void on_tell_time(const TellTime& told);
  void on_situation(TaskSituation& situation);
  void on_set_interval(const SetInterval& set);
  void on_backlog(const SourceBacklog& backlog);
  void on_request_checkpoint(const RequestCheckpoint& request);
  void on_request_savepoint(RequestSavepoint& request);
  void on_wake(Duration at);

private:
  friend struct Perform;

  struct Sources {
    runtime::SourceSplits splits;
    /// As they were when a checkpoint was triggered.
    std::map<CheckpointId, runtime::SplitsAtTrigger> at_trigger = {};
  };
  /// The restart of some subtasks that is under way.
  struct Restart {
    PrepareSubtasks order;
    bool is_decided = false;  // where they restart from
    std::map<SubtaskId, std::vector<state::SplitPosition>> positions = {};
  };

  void on_begun(runtime::Execution execution);
  void prepare_if_decided();
  void on_part_begun(AttemptId attempt, Result<runtime::PartExecution> part);
  const TaskHandle* find(const checkpoint::Speaker& speaker) const;
  void answer(const std::vector<runtime::WatermarkGroup::Answer>& answers);
  void perform(checkpoint::Actions actions);
  std::string reason_of(checkpoint::FailureReason reason, const std::string& detail,
                        const std::vector<SubtaskId>& missing) const;
  void notify_completed(CheckpointId id, bool is_last, const std::set<SubtaskId>& left_out);
  void repeat_completed(CheckpointId id);
  void watch_stalls();
  void end_round();
  void tell_slow(const checkpoint::CheckpointProgress& progress);
  void schedule_wake();
  /// Does `work` in the pool, again if it may help, then `then` in a turn.
  void write(CheckpointId id, std::function<Status()> work,
             std::function<void(const Status&)> then);
  /// A named moment has come; throws Killed if a chaos rule says so.
  void reached(Phase phase, CheckpointId id);
  Duration now() const { return services_->clock.monotonic(); }
  Epoch epoch() const { return execution_->record.epoch; }
  const runtime::Plan& plan() const { return hosted_->context->plan(); }

  Self self_;
  HostedJobPtr hosted_;
  std::optional<Services> services_;
  JobActor job_;
  AttemptId attempt_;
  std::optional<runtime::Execution> execution_;
  std::optional<checkpoint::Coordinator> coordinator_;
  std::vector<TaskHandle> tasks_;  // those that run
  std::optional<Sources> sources_;
  std::optional<runtime::WatermarkGroups> groups_;
  std::optional<Restart> restart_;
  std::optional<runtime::StallWatch> stalls_;
  std::map<CheckpointId, std::uint64_t> write_retries_;  // of this actor's own writes
  std::optional<Duration> wake_at_;
};

CoordinatorActor::behavior_type coordinator_actor(CoordinatorState::Self self, HostedJobPtr hosted,
                                                  Services services, JobActor job,
                                                  AttemptId attempt);

}  // namespace weir::actors
