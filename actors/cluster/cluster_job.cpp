#include "actors/cluster/cluster_job.hpp"

#include <algorithm>

namespace weir::actors {

bool ClusterJob::begin_hosting(WorkerId worker) {
  return !nodes.contains(worker) && hosting.emplace(worker, hosted).second;
}

ClusterJob::Answer ClusterJob::on_answer(WorkerId worker) {
  const auto asked = hosting.extract(worker);
  if (asked.empty()) return Answer::unasked;
  return asked.mapped() == hosted ? Answer::current : Answer::outdated;
}

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

std::optional<WorkerId> ClusterJob::remove_node(const caf::actor_addr& node) {
  const auto at = std::find_if(nodes.begin(), nodes.end(),
                               [&](const auto& entry) { return entry.second == node; });
  if (at == nodes.end()) return std::nullopt;
  const WorkerId worker = at->first;
  nodes.erase(at);
  return worker;
}

void ClusterJob::release() {
  nodes.clear();
  hosting.clear();
  placement = {};
  watchers.clear();
  actor = nullptr;
  hosted.reset();
  scaling.reset();
  metrics.reset();
}

}  // namespace weir::actors
