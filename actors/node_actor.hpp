// NodeActor: hosts the subtasks of one job in one process. They end with it.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/job_context.hpp"
#include "actors/services.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::actors {

/// The actor's state.
class NodeState {
public:
  using Self = NodeActor::stateful_pointer<NodeState>;

  static inline const char* name = "node";

  explicit NodeState(Self self) : self_{self} {}
  ~NodeState();
  NodeState(const NodeState&) = delete;
  NodeState& operator=(const NodeState&) = delete;

  void begin(JobContextPtr context, const Services& services, JobActor job);
  void on_deploy(DeployTasks& deploy);

private:
  void end_tasks(const std::function<bool(const TaskHandle&)>& must_end);
  void remove_copies(std::vector<std::string> copies);

  Self self_;
  JobContextPtr context_;
  std::optional<Services> services_;
  JobActor job_;
  std::vector<TaskHandle> tasks_;                  // of the execution, each in its newest attempt
  std::shared_ptr<detail::StateBackend> backend_;  // null: state is in memory
  std::shared_ptr<checkpoint::LocalState> local_;  // null: no copies of state are kept
};

NodeActor::behavior_type node_actor(NodeState::Self self, JobContextPtr context, Services services,
                                    JobActor job);

}  // namespace weir::actors
