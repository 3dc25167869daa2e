#include "actors/living_actors.hpp"

#include "actors/roster.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace weir::actors {
namespace {

void kill(const caf::actor_addr& actor) {
  kill_actor(caf::actor_cast<caf::strong_actor_ptr>(actor));
}

}  // namespace

void LivingActors::add(const caf::actor_addr& actor, Watched watched) {
  watched_.emplace(actor, std::move(watched));
}

std::optional<Watched> LivingActors::remove(const caf::actor_addr& actor) {
  auto known = watched_.extract(actor);
  if (known.empty()) return std::nullopt;
  std::erase_if(deploying_, [&](const auto& asked) { return asked.first == actor; });
  std::erase_if(nodes_, [&](const NodeShare& share) { return share.node == actor; });
  return std::move(known.mapped());
}

void LivingActors::remove_nodes() {
  for (const NodeShare& share : nodes_) watched_.erase(share.node.address());
  nodes_.clear();
}

bool LivingActors::lose_node(const std::string& name) {
  const auto at = std::find_if(nodes_.begin(), nodes_.end(),
                               [&](const NodeShare& share) { return share.name == name; });
  if (at == nodes_.end()) return false;
  const caf::node_id node = at->node.node();
  std::erase_if(watched_, [&](const auto& entry) { return entry.first.node() == node; });
  std::erase_if(deploying_, [&](const auto& asked) { return asked.first.node() == node; });
  std::erase_if(tasks_, [&](const TaskHandle& task) { return task.actor.node() == node; });
  nodes_.erase(at);
  return true;
}

void LivingActors::begin_deployment(const NodeActor& node, AttemptId attempt) {
  deploying_.emplace(node.address(), attempt);
}

bool LivingActors::end_deployment(const caf::actor_addr& node, AttemptId attempt) {
  return deploying_.erase({node, attempt}) != 0;
}

void LivingActors::end_subtasks(const std::set<SubtaskId>& subtasks) {
  std::erase_if(tasks_, [&](const TaskHandle& task) { return subtasks.contains(task.id); });
  for (const auto& [actor, who] : watched_) {
    if (who.subtask && subtasks.contains(who.subtask->subtask)) kill(actor);
  }
}

void LivingActors::end_execution() {
  tasks_.clear();
  for (const auto& [actor, who] : watched_) {
    if (!is_node(actor)) kill(actor);
  }
}

void LivingActors::end_all() {
  tasks_.clear();
  for (const auto& [actor, who] : watched_) kill(actor);
}

bool LivingActors::has_any(const std::set<SubtaskId>& subtasks) const {
  return std::any_of(watched_.begin(), watched_.end(), [&](const auto& entry) {
    return entry.second.subtask && subtasks.contains(entry.second.subtask->subtask);
  });
}

bool LivingActors::is_node(const caf::actor_addr& actor) const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [&](const NodeShare& share) { return share.node == actor; });
}

}  // namespace weir::actors
