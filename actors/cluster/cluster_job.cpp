#include "actors/cluster/cluster_job.hpp"

#include <algorithm>

namespace weir::actors {

bool ClusterJob::is_hosted() const {
  return !placement.slots.empty() &&
         std::all_of(placement.slots.begin(), placement.slots.end(),
                     [this](WorkerId worker) { return nodes.contains(worker); });
}

std::vector<NodeShare> ClusterJob::shares(
    const std::function<std::string(WorkerId)>& name_of) const {
  std::map<WorkerId, NodeShare> by_worker;
  for (const auto& [subtask, worker] : runtime::assign(hosted->context->plan(), placement)) {
    NodeShare& share = by_worker[worker];
    if (share.name.empty()) share = {nodes.at(worker), name_of(worker), {}};
    share.subtasks.push_back(subtask);
  }
  std::vector<NodeShare> shares;
  shares.reserve(by_worker.size());
  for (auto& [worker, share] : by_worker) shares.push_back(std::move(share));
  return shares;
}

}  // namespace weir::actors
