// JobContext: what every node that runs a part of a job knows of it. It never changes.
#pragma once

#include "runtime/graph/plan.hpp"
#include "runtime/task/snapshot_taker.hpp"

#include <memory>
#include <string>
#include <utility>

namespace weir::actors {

/// See the file comment.
class JobContext {
public:
  /// `run` names this start of the job. `place` is where state is written to and restored from; its
  /// env must outlive all actors. With `force_bytes` every batch is encoded, also within a process.
  JobContext(std::shared_ptr<const runtime::Plan> plan, std::string run,
             runtime::SnapshotPlace place, bool force_bytes)
      : plan_{std::move(plan)},
        run_{std::move(run)},
        place_{std::move(place)},
        force_bytes_{force_bytes} {}

  const runtime::Plan& plan() const { return *plan_; }
  const JobOptions& options() const { return plan_->graph().options; }
  const std::string& run() const { return run_; }
  const runtime::SnapshotPlace& place() const { return place_; }
  bool force_bytes() const { return force_bytes_; }

private:
  std::shared_ptr<const runtime::Plan> plan_;
  std::string run_;
  runtime::SnapshotPlace place_;
  bool force_bytes_;
};

using JobContextPtr = std::shared_ptr<const JobContext>;

}  // namespace weir::actors
