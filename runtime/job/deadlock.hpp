// Deadlock: subtasks that wait for each other and will do so for ever. Pure.
//
// A deadlock is a stable property (Chandy and Lamport, 1985, section 1): whoever is in one stays in
// it, so it need not be looked for in a consistent picture of one moment. Two pictures, taken one
// after the other, in which the same subtasks have not moved, are as good as one.
//
// What a subtask may need before it goes on, all of it:
//   takes    it takes a batch from a channel: its output must drain; if an alignment blocks the
//            channel, the barrier must come on the others
//   drains   what waits in its output leaves: the receivers must take from the channels whose
//            credits are spent
//   forwards it sends on a barrier: it must come on all its channels, and be taken there
// A circle of these can never be satisfied.
//
// No false alarm: who does not answer, a source, a barrier that may overtake, and a channel with
// anything on its way count as able to move.
#pragma once

#include "runtime/job/wiring.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weir::runtime {

/// See the file comment.
struct Deadlock {
  std::vector<SubtaskId> circle = {};  // each waits for the next, the last for the first
  std::string text = {};  // "a/0 waits for credits of b/0, which waits for credits of a/0"
};

/// Returns a circle of subtasks that wait for each other, if there is one.
std::optional<Deadlock> find_deadlock(const Wiring& wiring, const Situations& situations);

/// Whether none of its subtasks has moved between two pictures.
bool has_stood_still(const Deadlock& deadlock, const Situations& before, const Situations& now);

}  // namespace weir::runtime
