// ClusterJob: what the master knows of one job.
#pragma once

#include "actors/cluster/interfaces.hpp"
#include "actors/hosted_job.hpp"
#include "runtime/cluster/reactive_scaling.hpp"
#include "runtime/cluster/slots.hpp"
#include "runtime/job/job_metrics.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::actors {

/// See the file comment.
struct ClusterJob {
  JobId id;
  JobSpec spec;
  HostedJobPtr hosted;  // until the job has ended
  JobActor actor;       // likewise; none yet while a job that was left is being opened
  std::string name;
  std::string ticket;     // of its submission
  std::string directory;  // of its checkpoints
  runtime::JobView view;
  runtime::CheckpointHistory checkpoints;
  std::shared_ptr<runtime::JobMetrics> metrics =
      {};  // until it has ended; null: nobody collects them
  std::vector<ClientActor> watchers;
  AttemptId attempt;                    // that the slots below are for
  bool is_waiting = false;              // for these slots, and for nodes on their workers
  runtime::Placement placement;         // what the job holds
  std::map<WorkerId, NodeActor> nodes;  // workers that are ready for its subtasks
  /// Workers that were asked to be, and for which plan, until they answer. No worker is asked again
  /// before, so that no answer is taken for another.
  std::map<WorkerId, HostedJobPtr> hosting;
  std::optional<runtime::ReactiveScaling> scaling;  // if it takes all slots there are
  std::string rescaled;                             // why it has the parallelism of its plan

  /// What the answer of a worker that was asked to be ready is worth.
  enum class Answer : std::uint8_t {
    unasked,   // nobody waits for it
    outdated,  // it is for a plan that the job has no more
    current,
  };

  bool has_ended() const { return view.outcome.has_value(); }
  /// Whether the worker is to be asked to be ready, since it is not, and has not been asked. From
  /// now on it has.
  bool begin_hosting(WorkerId worker);
  Answer on_answer(WorkerId worker);
  /// Whether every worker of the placement is ready for subtasks.
  bool is_hosted() const;
  /// Returns the worker of a node that has ended, which is not ready any more; none if it had none
  /// of the job's.
  std::optional<WorkerId> remove_node(const caf::actor_addr& node);
  /// Holds on to nothing any more but to what became of it.
  void release();
  /// As far as they are known: not while a job that was left is being opened.
  CheckpointOptions checkpoint_options() const {
    return hosted == nullptr ? CheckpointOptions{} : hosted->context->options().checkpoint;
  }
  /// Workers of the placement.
  std::set<WorkerId> workers() const { return {placement.slots.begin(), placement.slots.end()}; }
  /// Which subtasks run where; `name_of` names a worker.
  std::vector<NodeShare> shares(const std::function<std::string(WorkerId)>& name_of) const;
};

}  // namespace weir::actors
