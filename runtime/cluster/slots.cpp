#include "runtime/cluster/slots.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace weir::runtime {
namespace {

/// Whether a slot should rather go to `a` than to `b`.
bool is_better(const WorkerSlots& a, const WorkerSlots& b, SlotSpread spread) {
  const std::uint64_t load_a = std::uint64_t{a.used} * b.total;  // a.used / a.total, and so on,
  const std::uint64_t load_b = std::uint64_t{b.used} * a.total;  // times both totals
  if (load_a != load_b) return spread == SlotSpread::even ? load_a < load_b : load_a > load_b;
  return a.free() > b.free();
}

WorkerSlots* best(SlotsByWorker& workers, SlotSpread spread, WorkerId& id) {
  WorkerSlots* best = nullptr;
  for (auto& [candidate, slots] : workers) {
    if (slots.free() == 0 || (best != nullptr && !is_better(slots, *best, spread))) continue;
    best = &slots;
    id = candidate;
  }
  return best;
}

std::string count(std::uint32_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace

std::string describe(const Shortage& shortage) {
  std::string text = "job needs " + std::to_string(shortage.needed) + ", cluster has " +
                     std::to_string(shortage.registered) + " on " +
                     count(shortage.workers, "worker");
  if (shortage.free != shortage.registered)
    text += ", " + std::to_string(shortage.free) + " of them free";
  if (shortage.behind)
    text += ", and job " + std::to_string(shortage.behind->value()) + " comes first";
  return text;
}

Shortage shortage_of(std::uint32_t needed, const SlotsByWorker& workers) {
  Shortage shortage{.needed = needed};
  for (const auto& [id, slots] : workers) {
    shortage.free += slots.free();
    shortage.registered += slots.total;
    ++shortage.workers;
  }
  return shortage;
}

std::uint32_t slots_needed(const Plan& plan) {
  std::uint32_t widest = 0;
  for (const Vertex& vertex : plan.vertices()) widest = std::max(widest, vertex.parallelism);
  return widest;
}

std::variant<Placement, Shortage> place(std::uint32_t needed, SlotsByWorker workers,
                                        const Placement& previous, SlotSpread spread) {
  WEIR_ASSERT(needed > 0, "a job needs a slot");
  if (const Shortage shortage = shortage_of(needed, workers); shortage.free < needed)
    return shortage;
  Placement placement{std::vector<WorkerId>(needed)};
  std::vector<std::size_t> homeless;
  for (std::size_t i = 0; i < needed; ++i) {
    const bool has_previous = !previous.slots.empty();
    const auto at = has_previous ? workers.find(previous.slots[i * previous.slots.size() / needed])
                                 : workers.end();
    if (at == workers.end() || at->second.free() == 0) {
      homeless.push_back(i);
      continue;
    }
    placement.slots[i] = at->first;
    ++at->second.used;
  }
  for (const std::size_t i : homeless) ++best(workers, spread, placement.slots[i])->used;
  return placement;
}

std::map<SubtaskId, WorkerId> assign(const Plan& plan, const Placement& placement) {
  std::map<SubtaskId, WorkerId> workers;
  for (const SubtaskId subtask : plan.subtasks())
    workers.emplace(subtask, placement.slots.at(subtask.index));
  return workers;
}

SlotRange usable_slots(const Plan& plan) {
  SlotRange range;
  bool is_fixed = true;
  for (const detail::OperatorSpec& op : plan.graph().operators) {
    is_fixed = is_fixed && op.parallelism != 0;
    range.least = std::max(range.least, static_cast<std::uint32_t>(op.parallelism));
  }
  range.most = is_fixed ? range.least : plan.max_parallelism();
  return range;
}

std::uint32_t reactive_parallelism(std::uint32_t max_parallelism, std::uint32_t slots) {
  return std::min(max_parallelism, slots);
}

}  // namespace weir::runtime
