#include "runtime/cluster/membership.hpp"

#include <algorithm>

namespace weir::runtime {

std::string describe(const WorkerInfo& worker) {
  return worker.name + " (" + worker.host + ":" + std::to_string(worker.port) + ")";
}

std::string_view to_string(WorkerState state) noexcept {
  switch (state) {
    case WorkerState::joining: return "joining";
    case WorkerState::ready: return "ready";
    case WorkerState::draining: return "draining";
    case WorkerState::gone: return "gone";
  }
  return "unknown state";
}

const Member* Membership::find(WorkerId id) const {
  const auto at = std::find_if(members.begin(), members.end(),
                               [&](const Member& member) { return member.id == id; });
  return at == members.end() ? nullptr : &*at;
}

std::vector<Member> to_dial(const Membership& view, WorkerId self,
                            const std::set<WorkerId>& connected) {
  std::vector<Member> older;
  if (view.find(self) == nullptr) return older;
  for (const Member& member : view.members) {
    if (member.id < self && !connected.contains(member.id)) older.push_back(member);
  }
  return older;
}

}  // namespace weir::runtime
