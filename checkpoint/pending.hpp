// PendingCheckpoint: a checkpoint between its trigger and the moment when all subtasks have
// answered, but for those that it is to do without.
#pragma once

#include "checkpoint/messages.hpp"

#include <map>
#include <set>
#include <vector>

namespace weir::checkpoint {

/// What an acknowledgement means.
enum class AckResult : std::uint8_t {
  success,    ///< counted
  duplicate,  ///< this attempt has answered before; nothing changes
  unknown,    ///< from a subtask or attempt that does not take part; its state must go
  discarded,  ///< the checkpoint is over; its state must go
};

/// See the file comment.
class PendingCheckpoint {
public:
  /// `participants` are all subtasks that must answer; at least one.
  PendingCheckpoint(const Barrier& barrier, const std::vector<Speaker>& participants,
                    Duration started_at, Duration deadline);

  /// Takes an answer and keeps it if that is a `success`. Never `discarded`: that is the answer of
  /// the coordinator when there is no pending checkpoint.
  AckResult acknowledge(const Ack& ack);

  /// It is to complete without these, which take part, and with what `from` has of them. Returns
  /// the answers that some of them have given, which count no more. Answers of them to come are
  /// `unknown`.
  std::vector<Ack> leave_out(const std::set<SubtaskId>& subtasks, CheckpointId from);
  /// It has until then.
  void set_deadline(Duration deadline) { deadline_ = deadline; }

  bool is_complete() const { return answers_.size() + left_out_.size() == participants_.size(); }
  bool takes_part(const Speaker& speaker) const;

  const Barrier& barrier() const { return barrier_; }
  CheckpointId id() const { return barrier_.id; }
  Duration started_at() const { return started_at_; }
  Duration deadline() const { return deadline_; }
  std::size_t participants() const { return participants_.size(); }

  /// The answers so far, by subtask.
  const std::map<SubtaskId, Ack>& answers() const { return answers_; }

  /// Subtasks that have not answered, and have to.
  std::vector<SubtaskId> missing() const;
  /// Those that it does without, and the checkpoint that has their part.
  const std::set<SubtaskId>& left_out() const { return left_out_; }
  CheckpointId taken_from() const { return taken_from_; }

private:
  Barrier barrier_;
  std::map<SubtaskId, AttemptId> participants_;
  std::map<SubtaskId, Ack> answers_;
  std::set<SubtaskId> left_out_;
  CheckpointId taken_from_;
  Duration started_at_;  // monotonic
  Duration deadline_;    // monotonic
};

}  // namespace weir::checkpoint
