// Slots: on which workers the subtasks of a job run. Pure functions.
//
// Slot i of a job holds subtask i of every vertex that has one (Flink's slot sharing), so a job
// needs as many slots as its widest vertex has subtasks, and each slot sees the whole pipeline.
#pragma once

#include "base/ids.hpp"
#include "runtime/graph/plan.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace weir::runtime {

/// Which worker holds which slot of a job, by slot.
struct Placement {
  std::vector<WorkerId> slots = {};

  friend bool operator==(const Placement&, const Placement&) = default;
};

/// The slots of one worker.
struct WorkerSlots {
  std::uint32_t total = 0;
  std::uint32_t used = 0;  // at most `total`
  bool is_ready = true;    // may take new subtasks

  std::uint32_t free() const { return is_ready ? total - used : 0; }
};

using SlotsByWorker = std::map<WorkerId, WorkerSlots>;

/// Why a job cannot be placed now.
struct Shortage {
  std::uint32_t needed = 0;
  std::uint32_t free = 0;
  std::uint32_t registered = 0;      // free or not, ready or not
  std::uint32_t workers = 0;         // that have registered them
  std::optional<JobId> behind = {};  // an older job waits too, and comes first

  friend bool operator==(const Shortage&, const Shortage&) = default;
};

/// Sums up what there is for a job that needs so many slots.
Shortage shortage_of(std::uint32_t needed, const SlotsByWorker& workers);

/// "job needs 4, cluster has 2 on 1 worker"
std::string describe(const Shortage& shortage);

enum class SlotSpread : std::uint8_t {
  even,    ///< the least loaded worker first (cluster.evenly-spread-out-slots)
  packed,  ///< as few workers as possible
};

/// Returns how many slots a job needs.
std::uint32_t slots_needed(const Plan& plan);

/// Places `needed` slots, at least 1, on ready workers that are all connected to each other. A slot
/// stays on the worker that it had in `previous` if there is room, for the state that lies there;
/// all others go where `spread` says. After a change of parallelism a slot prefers the worker that
/// held the first of its key groups.
std::variant<Placement, Shortage> place(std::uint32_t needed, SlotsByWorker workers,
                                        const Placement& previous, SlotSpread spread);

/// Says for each subtask where it runs. The placement has the slots that the plan needs.
std::map<SubtaskId, WorkerId> assign(const Plan& plan, const Placement& placement);

/// How many slots a job can use.
struct SlotRange {
  std::uint32_t least = 1;  // for the operators that have a parallelism of their own
  std::uint32_t most = 1;
};

/// Returns what a job can use that takes the slots there are: at most as many as its max
/// parallelism; but if every operator has a parallelism of its own, exactly what these need.
SlotRange usable_slots(const Plan& plan);

/// Returns the parallelism that a job gets with `scheduler-mode: reactive`: as many subtasks as
/// there are slots for, up to its max parallelism. 0 means that it must wait.
std::uint32_t reactive_parallelism(std::uint32_t max_parallelism, std::uint32_t slots);

}  // namespace weir::runtime
