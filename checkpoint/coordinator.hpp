// Coordinator: the life of all checkpoints of a job, from trigger to notification. Pure: events in,
// actions out; whoever carries it (actors/coordinator_actor) performs the actions and reports back.
//
//   take an id ──► reserve it durably ──► trigger the sources ──► collect answers ──► publish
//      │ may one start?  │ trigger_failed        │ expired, declined      │ publish_failed
//      TriggerPolicy     └──────────────► abort: tell all subtasks, drop its files
//                                                                          │ published
//                                 drop what is too old, abort what is older, notify all subtasks ◄┘
//
// A coordinator lives as long as one execution of the job: after a failure a new one with a higher
// epoch takes over, so that nothing of the old execution has anywhere to land. If only some
// subtasks fail and the others go on, it stays: it aborts what is under way, and waits for new
// attempts of those that failed.
//
// Invariants
//  - Ids grow strictly and are durable before any subtask hears of them.
//  - Subtasks are notified of a completion only after its metadata is durable.
//  - A savepoint belongs to whoever asked. It neither subsumes nor is subsumed, counts for no
//    retention and no failure, and is not restored from. Only with one that the job stops behind
//    are results committed (Flink FLIP-203).
//  - Once sources have been told to drain nothing else begins: what they have ended must be in no
//    checkpoint but that one. If it fails there is no way on but a restart of all.
//  - A savepoint, whose barriers wait for their turn, and checkpoints whose barriers overtake are
//    never under way at the same time: which asked first is served first.
//  - Sources hear of a savepoint and of what began before it in the order of their ids.
//
// Regional checkpoints. If regions of the job fail, decline, or have not answered in time, a
// periodic checkpoint may complete without them, and takes over what the last completed one has of
// them: as many and as often as RegionalPolicy allows, and only if that one has completed in this
// execution and no publication is undecided. What holds of them:
//  - For a region that is left out this checkpoint is off, as one that was aborted: its subtasks
//    hear that, and never that it has completed. Its sinks would commit what a restore repeats.
//  - A region that fails is left out even if it had answered. It restarts from the checkpoint
//    before, and repeats what it has prepared since.
//  - While failed subtasks restart from a checkpoint it is not deleted, though one without them has
//    completed.
#pragma once

#include "checkpoint/checkpoint_record.hpp"
#include "checkpoint/failure_policy.hpp"
#include "checkpoint/participants.hpp"
#include "checkpoint/pending.hpp"
#include "checkpoint/regional_policy.hpp"
#include "checkpoint/retention.hpp"
#include "checkpoint/savepoint_table.hpp"
#include "checkpoint/trigger_policy.hpp"

#include <weir/options.hpp>
#include <weir/result.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace weir::checkpoint {

// What the carrier must do.
struct ReserveId {  // make the id durable, create its place; answer with on_reserved
  CheckpointId id = {};
  std::string directory = {};  // of a savepoint; empty: the storage knows its place
};
struct TriggerSources {  // after snapshotting the sources' remaining splits
  Barrier barrier;
};
struct Publish {  // write the metadata; answer with on_published
  Barrier barrier;
  std::map<SubtaskId, state::SubtaskState> states;
  std::set<SubtaskId> left_out = {};  // take over what `taken_from` has of these
  CheckpointId taken_from = {};
};
struct NotifyLeftOut {  // tell these, as far as they are alive, that the checkpoint is off
  CheckpointId id = {};
  std::set<SubtaskId> subtasks;
  FailureReason reason;
  std::string detail;
};
struct NotifyCompleted {  // tell all subtasks but those of `report.left_out`
  CheckpointReport report;
  std::optional<CheckpointRecord> record = {};  // none: SavepointCompleted follows and has it
};
struct NotifyAborted {  // tell all subtasks, if it was triggered
  CheckpointId id = {};
  CheckpointKind kind;
  FailureReason reason;
  std::string detail;
  std::vector<SubtaskId> missing;  // had not answered
  bool is_savepoint = false;       // whoever asked for it hears of it as SavepointFailed
  CheckpointRecord record = {};
  /// Else no subtask has heard of it. A source that heard that it is off would pass over an older
  /// one whose trigger is still on its way.
  bool was_triggered = true;
};
struct SavepointCompleted {  // tell whoever asked for it
  std::string ticket;
  std::string directory;
  CheckpointId id = {};
  CheckpointRecord record = {};
};
struct SavepointFailed {  // likewise
  std::string ticket;
  FailureReason reason;
  std::string detail;
  std::vector<SubtaskId> missing;  // had not answered
  bool has_drained = false;        // sources have ended for it: the execution must end as well
};
struct DropSavepoint {  // delete this directory
  std::string directory;
};
struct DropFiles {  // delete everything that the storage holds of it
  CheckpointId id = {};
};
struct DropState {  // delete the files of one answer that does not count
  CheckpointId id = {};
  state::SubtaskState state;
  std::string directory = {};  // of a savepoint; empty: it is a checkpoint
};
struct FailJob {
  std::string reason;
};

/// Where subtasks can restart from while the others go on.
struct RestorePoint {
  enum class Kind : std::uint8_t {
    undecided,   ///< a publication is under way: ask again when it has ended
    known,       ///< from `checkpoint`
    impossible,  ///< the whole execution must restart
  };
  Kind kind = Kind::known;
  /// The last that this coordinator has completed; none: what the execution began with.
  std::optional<CheckpointId> checkpoint = {};

  friend bool operator==(const RestorePoint&, const RestorePoint&) = default;
};

using Action =
    std::variant<ReserveId, TriggerSources, Publish, NotifyLeftOut, NotifyCompleted, NotifyAborted,
                 SavepointCompleted, SavepointFailed, DropFiles, DropState, DropSavepoint, FailJob>;
using Actions = std::vector<Action>;

/// See the file comment. `now` is monotonic time; `wall` goes into barriers.
class Coordinator {
public:
  /// `last_id` is the highest id ever given out, `retained` the completed checkpoints in the
  /// storage that belong to this job, ascending. `claimed` is the directory of another that belongs
  /// to it, which is older than all of them; "" if there is none. With `one_at_a_time` a savepoint
  /// and a checkpoint are never under way together: subtasks record what is in their channels.
  /// `regions` may be left out of a checkpoint, if the options allow it; none: nobody may.
  Coordinator(const CheckpointOptions& options, CheckpointId last_id,
              std::vector<CheckpointId> retained, std::string claimed = {},
              bool one_at_a_time = false, SubtaskSets regions = {});

  /// All subtasks are running; checkpoints may begin.
  void on_running(std::vector<Speaker> participants, Duration now, Duration first_delay);

  /// The interval of periodic checkpoints, and another one from now on.
  Duration interval() const { return options_.every; }
  void set_interval(Duration interval);

  /// Asks for a checkpoint now: besides the periodic ones, or for the next of them. One at the end
  /// of the input is asked for again whenever it fails, as long as the job does not.
  Actions on_request(CheckpointKind kind, Duration now);
  /// A subtask says whether it reads a backlog. While any does, periodic checkpoints come at the
  /// interval for that.
  Actions on_backlog(const Speaker& from, bool is_backlog, Duration now);
  /// Somebody asks for a savepoint. It begins now, whatever else is under way; if not all subtasks
  /// are running, or the job drains, it fails now.
  Actions on_savepoint_request(SavepointRequest request, Duration now);
  /// Time has passed; to be called at `next_wake` at the latest.
  Actions on_tick(Duration now);
  Actions on_reserved(CheckpointId id, const Status& status, Duration now, WallTime wall);
  Actions on_ack(Ack ack);
  Actions on_decline(const Decline& decline, Duration now);
  Actions on_published(CheckpointId id, const Status& status, Duration now);

  /// Some subtasks, whole regions of the job, have failed and will be replaced; the others go on.
  /// All checkpoints that are being taken and cannot do without them are aborted, savepoints too,
  /// and none begins before `on_tasks_replaced`. Requests are forgotten: whoever needs one asks
  /// again.
  Actions on_tasks_failed(const std::set<SubtaskId>& failed, Duration now);
  /// Where the failed subtasks restart. Impossible if it is not known whether a checkpoint was
  /// published, since a later restart of everything might find it, and after the last checkpoint of
  /// the job, since subtasks end then.
  RestorePoint restore_point() const;
  /// New attempts of the failed subtasks are running.
  Actions on_tasks_replaced(const std::vector<Speaker>& replacements, Duration now);

  /// When `on_tick` is needed next, if nothing else happens.
  std::optional<Duration> next_wake() const;

  /// Completed checkpoints that are kept, ascending.
  const std::vector<CheckpointId>& retained() const { return retention_.retained(); }
  /// How far a checkpoint or savepoint has come; none: it is not under way.
  std::optional<CheckpointProgress> progress(CheckpointId id, Duration now) const;
  /// Checkpoints whose answers are being collected, by id.
  const std::map<CheckpointId, PendingCheckpoint>& pending() const { return stages_.pending; }
  /// What the last answer was worth.
  AckResult last_ack_result() const { return last_ack_result_; }

private:
  /// Between `ReserveId` and `on_reserved`.
  struct Reservation {
    CheckpointKind kind;
    Duration deadline;
  };
  /// What is under way, stage by stage.
  struct Stages {
    std::map<CheckpointId, Reservation> reserving;
    std::map<CheckpointId, PendingCheckpoint> pending;
    std::map<CheckpointId, PendingCheckpoint> publishing;
  };
  /// What concerns only parts of the job.
  struct Parts {
    RegionalPolicy policy;                                      // whom a checkpoint may do without
    std::map<CheckpointId, std::set<SubtaskId>> left_out = {};  // of what is published and kept
    bool are_restarting = false;                                // some subtasks
    Actions held = {};  // deletions that wait until they run
  };

  int under_way() const;
  bool is_reserving_savepoint() const;
  bool is_savepoint(CheckpointId id) const { return savepoints_.contains(id); }
  void reconsider_backlog(Duration now);
  void begin_savepoint(Duration now, Actions& actions);
  void begin_drain(Actions& actions);
  void complete_savepoint(const PendingCheckpoint& pending, Duration now, Actions& actions);
  void savepoint_failed(CheckpointId id, FailureReason reason, const std::string& detail,
                        std::vector<SubtaskId> missing, Actions& actions);
  void subsume(CheckpointId completed, Duration now, Actions& actions);
  void drop(CheckpointId id, Actions& actions);
  void expire_publications(Duration now, Actions& actions);
  void publication_failed(const PendingCheckpoint& pending, const Status& status, Duration now,
                          Actions& actions);
  void start_due(Duration now, Actions& actions);
  bool leave_out(CheckpointId id, std::set<SubtaskId> subtasks, FailureReason reason,
                 const std::string& detail, Actions& actions);
  void publish_if_complete(CheckpointId id, Actions& actions);
  void expire(CheckpointId id, Duration now, Actions& actions);
  void abort(CheckpointId id, FailureReason reason, const std::string& detail, Duration now,
             Actions& actions);
  void count_failure(CheckpointId id, CheckpointKind kind, FailureReason reason,
                     const std::string& detail, Duration now, Actions& actions);
  void complete(const PendingCheckpoint& pending, Duration now, Actions& actions);
  BarrierMode mode_of(CheckpointKind kind) const;
  bool can_begin_savepoint() const;

  CheckpointOptions options_;
  bool one_at_a_time_;  // savepoints and checkpoints
  TriggerPolicy trigger_;
  FailurePolicy failures_;
  Retention retention_;
  Parts parts_;
  SavepointTable savepoints_;
  CheckpointId last_id_;
  Participants participants_;  // none: the job is not running
  Stages stages_;
  bool has_completed_last_ = false;  // after which subtasks end
  AckResult last_ack_result_ = AckResult::success;
};

}  // namespace weir::checkpoint
