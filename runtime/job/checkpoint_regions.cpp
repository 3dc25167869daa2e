#include "runtime/job/checkpoint_regions.hpp"

#include "runtime/job/region_failover.hpp"
#include "state/operator_snapshot.hpp"

namespace weir::runtime {

CheckpointRegions checkpoint_regions(const Plan& plan) {
  const JobOptions& options = plan.graph().options;
  if (!options.checkpoint.regional.enabled) return {};
  if (options.failover != FailoverStrategy::region)
    return {{}, "jobmanager.execution.failover-strategy is not region: all subtasks restart"};
  if (!restarts_in_parts(plan)) return {{}, "its subtasks are all connected: they are one region"};
  for (const detail::OperatorSpec& op : plan.graph().operators) {
    for (const detail::OperatorStateSpec& state : op.operator_states) {
      if (state.kind == detail::OperatorStateKind::list) continue;
      return {{},
              "operator \"" + op.name + "\" has the " + std::string{state::name_of(state.kind)} +
                  " \"" + state.name + "\", which its subtasks share when they restore it"};
    }
  }
  return {Regions{plan}.all(), ""};
}

std::set<checkpoint::PartName> part_names(const Plan& plan, const std::set<SubtaskId>& subtasks) {
  std::set<checkpoint::PartName> names;
  for (const SubtaskId subtask : subtasks)
    names.emplace(plan.vertex(subtask.vertex).name, subtask.index);
  return names;
}

}  // namespace weir::runtime
