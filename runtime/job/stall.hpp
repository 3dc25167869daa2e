// Stall: what a checkpoint waits for, out of a picture of all subtasks. Pure.
//
// Two walks answer that. The first goes upstream, along the channels on which the barrier has not
// come, to the channel where it is. The second goes downstream from there, from each subtask
// without credits to the one that does not give any, to who is slow:
//
//   clicks/1 --[3 batches, barrier]--> per-minute/0 --[no credit]--> minutes/0, busy 99 %
//
// Of several subtasks whose barriers wait the one nearest to the sources counts: what waits behind
// it waits for it, too.
#pragma once

#include "runtime/job/wiring.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weir::runtime {

/// See the file comment.
struct Stall {
  enum class Cause : std::uint8_t {
    silent,         // it does not answer: it is in a function of its user, or does not run
    not_triggered,  // a source that the trigger has not reached
    on_its_way,     // the barrier, to this subtask
    busy,           // with what it has to do
    emits_end,      // what is due at the end of its input
    asks,           // others, and has no answers yet
    aligns,         // another checkpoint
    writes,         // its state
    answered,       // but the coordinator has not heard of it
    circle,         // it waits for itself: see find_deadlock
  };
  Cause cause = Cause::silent;
  SubtaskId culprit = {};
  std::optional<SubtaskId> sender = {};  // of the channel where the barrier is; none: it is on none
  std::vector<SubtaskId> path = {};  // from who waits for the barrier to the culprit, both included
  std::string text = {};             // "numbers/0: the trigger has not reached it"
};

/// Says what checkpoint `id` waits for. `missing` are the subtasks that have not answered, at least
/// one. The text goes with "the checkpoint waits on".
Stall explain_stall(const Wiring& wiring, CheckpointId id, const std::vector<SubtaskId>& missing,
                    const Situations& situations);

}  // namespace weir::runtime
