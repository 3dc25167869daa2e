// ClusterJob: what the master knows of one job.
#pragma once

#include "actors/cluster/interfaces.hpp"
#include "actors/hosted_job.hpp"
#include "runtime/cluster/slots.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace weir::actors {

/// Hands views of a job to whoever it was given.
class ViewForwarder final : public runtime::JobObserver {
public:
  explicit ViewForwarder(std::function<void(const runtime::JobView&)> to) : to_{std::move(to)} {}
  void on_view(const runtime::JobView& view) override { to_(view); }

private:
  std::function<void(const runtime::JobView&)> to_;
};

/// See the file comment.
struct ClusterJob {
  JobId id;
  JobSpec spec;
  HostedJobPtr hosted;  // until the job has ended
  JobActor actor;       // likewise; none yet while a job that was left is being opened
  std::string name;
  std::string ticket;     // of its submission
  std::string directory;  // of its checkpoints
  std::unique_ptr<ViewForwarder> observer;
  runtime::JobView view;
  std::vector<ClientActor> watchers;
  AttemptId attempt;                    // that the slots below are for
  bool is_waiting = false;              // for these slots, and for nodes on their workers
  runtime::Placement placement;         // what the job holds
  std::map<WorkerId, NodeActor> nodes;  // workers that are ready for its subtasks
  std::set<WorkerId> hosting;           // workers that were asked to be, until they answer

  bool has_ended() const { return view.outcome.has_value(); }
  /// Whether every worker of the placement is ready for subtasks.
  bool is_hosted() const;
  /// As far as they are known: not while a job that was left is being opened.
  CheckpointOptions checkpoint_options() const {
    return hosted == nullptr ? CheckpointOptions{} : hosted->context->options().checkpoint;
  }
  std::set<WorkerId> workers() const { return {placement.slots.begin(), placement.slots.end()}; }
  /// Which subtasks run where; `name_of` names a worker.
  std::vector<NodeShare> shares(const std::function<std::string(WorkerId)>& name_of) const;
};

}  // namespace weir::actors
