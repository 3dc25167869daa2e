#include "runtime/cluster/worker_table.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {

WorkerTable::WorkerTable(const Options& options)
    : options_{options}, heartbeats_{options.heartbeat}, last_id_{options.last_id} {}

ClusterActions WorkerTable::on_register(const WorkerInfo& info, std::uint64_t nonce, Duration now) {
  if (Status status = check(info); !status.ok()) return {Refuse{std::move(status)}};
  for (const auto& [id, worker] : workers_) {
    if (worker.nonce != nonce || worker.info != info) continue;
    heartbeats_.on_heard(id, now);
    return {Admit{id, info}, Announce{view_}};  // the first answer has not reached it yet
  }
  ClusterActions actions;
  if (Status status = make_room(info, now, actions); !status.ok())
    return {Refuse{std::move(status)}};
  admit(info, nonce, now, actions);
  update(actions);
  return actions;
}

Status WorkerTable::check(const WorkerInfo& info) const {
  if (info.name.empty())
    return {ErrorCode::invalid_argument, "a worker has no name; give it one with --name"};
  const std::string who = "worker " + describe(info);
  if (info.host.empty() || info.port == 0)
    return {ErrorCode::invalid_argument,
            who + " does not say where others reach it; start it with --listen HOST:PORT"};
  if (info.slots <= 0)
    return {ErrorCode::invalid_argument, who + " offers " + std::to_string(info.slots) +
                                             " slots; start it with --slots N, N at least 1 "
                                             "(taskmanager.numberOfTaskSlots)"};
  if (info.protocol != options_.protocol)
    return {ErrorCode::failed_precondition,
            who + " (" + info.build + ") speaks protocol version " + std::to_string(info.protocol) +
                ", this cluster version " + std::to_string(options_.protocol) +
                "; start a worker of the same release as the coordinator"};
  return {};
}

/// Removes members in whose place a newcomer comes. An address can belong to one process only: the
/// member that has it has ended. Of two workers with one name the older stays, unless it is silent.
Status WorkerTable::make_room(const WorkerInfo& info, Duration now, ClusterActions& actions) {
  std::vector<WorkerId> replaced;
  for (const auto& [id, worker] : workers_) {
    const bool same_place = worker.info.host == info.host && worker.info.port == info.port;
    const bool is_silent = heartbeats_.silence(id, now) >= options_.heartbeat.timeout / 2;
    if (worker.info.name == info.name && !same_place && !is_silent)
      return {ErrorCode::already_exists,
              "worker " + describe(info) + " has the name of worker " + describe(worker.info) +
                  ", which is alive; give each its own name with --name"};
    if (same_place || worker.info.name == info.name) replaced.push_back(id);
  }
  for (const WorkerId id : replaced)
    lose(id, LossReason::replaced, "a new process registered as " + describe(info), actions);
  return {};
}

void WorkerTable::admit(const WorkerInfo& info, std::uint64_t nonce, Duration now,
                        ClusterActions& actions) {
  last_id_ = last_id_.next();
  workers_.emplace(last_id_, Entry{.info = info, .nonce = nonce});
  heartbeats_.watch(last_id_, now);
  actions.push_back(Admit{last_id_, info});
}

ClusterActions WorkerTable::on_heard(WorkerId id, Duration now) {
  if (!workers_.contains(id)) return {RegisterAnew{id}};
  heartbeats_.on_heard(id, now);
  return {};
}

ClusterActions WorkerTable::on_connections(WorkerId id, const std::set<WorkerId>& peers,
                                           Duration now) {
  ClusterActions actions = on_heard(id, now);
  const auto at = workers_.find(id);
  if (at == workers_.end() || at->second.connected == peers) return actions;
  at->second.connected = peers;
  update(actions);
  return actions;
}

ClusterActions WorkerTable::on_drain(WorkerId id) {
  ClusterActions actions;
  const auto at = workers_.find(id);
  if (at == workers_.end()) return actions;
  at->second.is_draining = true;
  update(actions);
  return actions;
}

ClusterActions WorkerTable::on_left(WorkerId id) {
  ClusterActions actions;
  lose(id, LossReason::left, "it has left the cluster", actions);
  update(actions);
  return actions;
}

ClusterActions WorkerTable::on_closed(WorkerId id) {
  ClusterActions actions;
  lose(id, LossReason::closed, "its connection broke", actions);
  update(actions);
  return actions;
}

ClusterActions WorkerTable::on_tick(Duration now) {
  ClusterActions actions;
  const std::string why = "nothing was heard of it for longer than heartbeat.timeout (" +
                          base::format_duration(options_.heartbeat.timeout) + ")";
  for (const WorkerId id : heartbeats_.on_tick(now)) lose(id, LossReason::silent, why, actions);
  if (!actions.empty()) update(actions);
  return actions;
}

void WorkerTable::lose(WorkerId id, LossReason reason, const std::string& why,
                       ClusterActions& actions) {
  const auto at = workers_.find(id);
  if (at == workers_.end()) return;
  const WorkerState state = state_of(id);
  const std::string text = "worker " + describe(at->second.info) + " is lost: " + why;
  actions.push_back(WorkerLost{{id, at->second.info, state}, reason, text});
  workers_.erase(at);
  heartbeats_.forget(id);
}

bool WorkerTable::are_connected(WorkerId a, WorkerId b) const {
  return workers_.at(a).connected.contains(b) && workers_.at(b).connected.contains(a);
}

/// Returns which of the workers that have been ready can go on together: the one with the fewest
/// connections to the others goes, of equals the newest, until all that are left are connected.
std::set<WorkerId> WorkerTable::mesh() const {
  std::set<WorkerId> left;
  for (const auto& [id, worker] : workers_) {
    if (worker.has_been_ready && !worker.is_draining) left.insert(id);
  }
  while (!left.empty()) {
    const auto connections = [&](WorkerId id) {
      return std::count_if(left.begin(), left.end(),
                           [&](WorkerId other) { return other != id && are_connected(id, other); });
    };
    WorkerId loneliest = *left.begin();
    auto fewest = connections(loneliest);
    for (const WorkerId id : left) {
      if (const auto n = connections(id); n <= fewest) {
        loneliest = id;
        fewest = n;
      }
    }
    if (static_cast<std::size_t>(fewest) + 1 == left.size()) break;
    left.erase(loneliest);
  }
  return left;
}

/// Decides who is ready, and announces the members if anything about them has changed.
void WorkerTable::update(ClusterActions& actions) {
  std::set<WorkerId> ready = mesh();
  for (auto& [id, worker] : workers_) {
    if (worker.has_been_ready || worker.is_draining) continue;
    const bool is_connected =
        std::all_of(ready.begin(), ready.end(),
                    [&, self = id](WorkerId other) { return are_connected(self, other); });
    if (!is_connected) continue;
    worker.has_been_ready = true;
    ready.insert(id);
  }
  Membership next{view_.version, {}};
  for (auto& [id, worker] : workers_) {
    worker.is_ready = ready.contains(id);
    next.members.push_back({id, worker.info, state_of(id)});
  }
  if (next == view_) return;
  ++next.version;
  view_ = std::move(next);
  actions.push_back(Announce{view_});
}

WorkerState WorkerTable::state_of(WorkerId id) const {
  const auto at = workers_.find(id);
  if (at == workers_.end()) return WorkerState::gone;
  if (at->second.is_draining) return WorkerState::draining;
  return at->second.is_ready ? WorkerState::ready : WorkerState::joining;
}

std::vector<WorkerInfo> WorkerTable::missing_connections(WorkerId id) const {
  std::vector<WorkerInfo> missing;
  if (!workers_.contains(id)) return missing;
  for (const auto& [other, worker] : workers_) {
    if (other != id && worker.is_ready && !are_connected(id, other)) missing.push_back(worker.info);
  }
  return missing;
}

}  // namespace weir::runtime
