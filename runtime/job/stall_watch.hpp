// StallWatch: when to ask the subtasks of a job how they stand, and what their answers say: why a
// checkpoint is slow, and whether the job is deadlocked. Pure; the coordinator's actor carries it.
//
//   a checkpoint is slow, or about to expire ──► ask all subtasks ──► all have answered, or enough
//             ▲                                                       time has passed
//             └── again, after twice the time ◄── explain_stall, find_deadlock ◄──┘
//
// Invariants
//  - A checkpoint that takes no longer than usual costs no message.
//  - A deadlock is named only when two rounds in a row have shown it, and nobody in it has moved.
#pragma once

#include "runtime/job/deadlock.hpp"
#include "runtime/job/stall.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::runtime {

/// See the file comment. `now` is monotonic time.
class StallWatch {
public:
  /// `timeout`: after which a checkpoint expires.
  StallWatch(Wiring wiring, Duration timeout);

  void on_begun(CheckpointId id, Duration now);
  /// It is over; `duration` if it has completed. Returns what it was last seen to wait on, or "".
  std::string on_ended(CheckpointId id, std::optional<Duration> duration);

  /// When `is_due` or `is_round_over` is to be asked next, if nothing else happens.
  std::optional<Duration> next_wake() const;

  /// Whether a round is to begin.
  bool is_due(Duration now) const;
  /// These subtasks are being asked; returns the number of the round, which their answers bear.
  std::uint64_t begin_round(const std::vector<SubtaskId>& asked, Duration now);
  void on_situation(std::uint64_t round, SubtaskId from, SubtaskSituation situation);
  /// Whether all have answered, or nobody is waited for any longer.
  bool is_round_over(Duration now) const;

  /// The checkpoints that the round is for.
  std::vector<CheckpointId> to_explain() const;
  /// Finds out what a checkpoint waits on. `missing` are the subtasks that have not answered for
  /// it, at least one.
  void explain(CheckpointId id, const std::vector<SubtaskId>& missing);
  /// It waits on this, which is no subtask.
  void note(CheckpointId id, std::string what) { watched_.at(id).waits_on = std::move(what); }
  const std::string& waits_on(CheckpointId id) const { return watched_.at(id).waits_on; }
  /// Returns a deadlock that is certain.
  std::optional<Deadlock> end_round(Duration now);

private:
  /// A checkpoint under way.
  struct Watched {
    Duration deadline{};
    std::optional<Duration> due = {};  // none: not again
    Duration pause{};                  // from the last round to the next
    std::string waits_on = {};
  };
  struct Round {
    Duration began{};
    std::set<SubtaskId> asked = {};
    Situations answers = {};
  };

  Duration last_chance(const Watched& watched) const { return watched.deadline - 2 * patience_; }

  Wiring wiring_;
  Duration timeout_;
  Duration patience_;              // how long answers are waited for
  std::optional<Duration> usual_;  // how long checkpoints take
  std::map<CheckpointId, Watched> watched_;
  std::uint64_t rounds_ = 0;
  std::optional<Round> round_;  // that is under way
  Situations before_;           // of the round before
};

}  // namespace weir::runtime
