// LivingActors: who lives of a job besides its own actor: the nodes, the coordinator and the
// subtasks of the execution. Bookkeeping alone: whoever carries it monitors them, and says who has
// ended.
//
// Invariants
//  - Who is ended stays among them until its end is known: only then may others take its place.
//  - A node that is out of reach takes everything on it along: nobody waits for their end.
//  - A node that was asked for subtasks counts as an actor on its way until it answers or ends.
#pragma once

#include "actors/interfaces.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::actors {

/// An actor of a job, as the one who watches it knows it.
struct Watched {
  std::string name;                            // for people
  std::optional<checkpoint::Speaker> subtask;  // if it is one
};

/// See the file comment.
class LivingActors {
public:
  /// An actor lives from now on.
  void add(const caf::actor_addr& actor, Watched watched);
  bool contains(const caf::actor_addr& actor) const { return watched_.contains(actor); }
  /// It has ended. Returns who it was; none if that is not known, or said already.
  std::optional<Watched> remove(const caf::actor_addr& actor);

  /// Where the subtasks of the execution run. Those of them that are new must be added besides.
  void set_nodes(std::vector<NodeShare> nodes) { nodes_ = std::move(nodes); }
  const std::vector<NodeShare>& nodes() const { return nodes_; }
  /// From now on they are nobody's.
  void remove_nodes();
  /// Removes the node of this name and everything on it. Returns whether there was one.
  bool lose_node(const std::string& name);

  /// A node was asked for subtasks of this attempt.
  void begin_deployment(const NodeActor& node, AttemptId attempt);
  /// It has answered. Returns whether it was asked, and has not ended since.
  bool end_deployment(const caf::actor_addr& node, AttemptId attempt);
  bool is_deploying() const { return !deploying_.empty(); }

  /// The subtask takes part in the execution from now on.
  void add_task(TaskHandle task) { tasks_.push_back(std::move(task)); }
  /// The subtasks of the execution, each in its newest attempt.
  const std::vector<TaskHandle>& tasks() const { return tasks_; }

  /// Each of these kills at once, as a crash would; who is killed takes part in nothing any more.
  void end_subtasks(const std::set<SubtaskId>& subtasks);
  void end_execution();  // all but the nodes
  void end_all();

  /// Whether any attempt of these subtasks lives.
  bool has_any(const std::set<SubtaskId>& subtasks) const;
  /// Whether nothing of the execution is left, nor on its way.
  bool has_only_nodes() const { return !is_deploying() && watched_.size() <= nodes_.size(); }

private:
  bool is_node(const caf::actor_addr& actor) const;

  std::map<caf::actor_addr, Watched> watched_;
  std::vector<NodeShare> nodes_;
  std::set<std::pair<caf::actor_addr, AttemptId>> deploying_;
  std::vector<TaskHandle> tasks_;
};

}  // namespace weir::actors
