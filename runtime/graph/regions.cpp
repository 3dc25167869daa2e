#include "runtime/graph/regions.hpp"

#include <numeric>

namespace weir::runtime {
namespace {

/// Sets that grow together: disjoint sets of the numbers below `size`.
class Groups {
public:
  explicit Groups(std::size_t size) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }

  /// Returns the member that stands for the group of `i`.
  std::size_t find(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }

  void unite(std::size_t a, std::size_t b) { parent_[find(a)] = find(b); }

private:
  std::vector<std::size_t> parent_;
};

}  // namespace

Regions::Regions(const Plan& plan) {
  const std::vector<SubtaskId> subtasks = plan.subtasks();
  std::vector<std::size_t> first;  // of each vertex: where its subtasks begin
  for (std::size_t i = 0; i < subtasks.size(); ++i) {
    if (subtasks[i].index == 0) first.push_back(i);
  }
  Groups groups{subtasks.size()};
  for (const PlanEdge& edge : plan.edges()) {
    const std::size_t from = first[edge.from.value()];
    const std::size_t to = first[edge.to.value()];
    const bool is_forward = edge.partition == detail::Partition::forward;
    for (std::size_t i = 0; i < plan.vertex(edge.from).parallelism; ++i)
      groups.unite(from + i, is_forward ? to + i : to);
    for (std::size_t i = 0; i < plan.vertex(edge.to).parallelism && !is_forward; ++i)
      groups.unite(from, to + i);
  }
  std::map<std::size_t, RegionId> region_of_group;
  for (std::size_t i = 0; i < subtasks.size(); ++i) {
    const RegionId next{static_cast<std::uint32_t>(all_.size())};
    const auto [at, is_new] = region_of_group.try_emplace(groups.find(i), next);
    if (is_new) all_.emplace_back();
    all_[at->second.value()].insert(subtasks[i]);
    of_.emplace(subtasks[i], at->second);
  }
}

std::set<SubtaskId> Regions::affected_by(const std::set<SubtaskId>& failed) const {
  std::set<SubtaskId> affected;
  for (const SubtaskId subtask : failed) {
    const std::set<SubtaskId>& together = subtasks(of(subtask));
    affected.insert(together.begin(), together.end());
  }
  return affected;
}

}  // namespace weir::runtime
