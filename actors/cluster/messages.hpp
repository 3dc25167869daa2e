// Messages between the processes of a cluster, one struct each. Those that carry actor handles are
// in actors/cluster/interfaces.hpp.
#pragma once

#include "actors/cluster/job_factory.hpp"
#include "actors/message_inspect.hpp"
#include "actors/messages.hpp"
#include "checkpoint/advisor/measured.hpp"
#include "runtime/cluster/membership.hpp"
#include "runtime/graph/fingerprint.hpp"
#include "runtime/job/checkpoint_history.hpp"
#include "runtime/job/launch.hpp"
#include "runtime/job/metric_family.hpp"
#include "runtime/job/view.hpp"

#include <string>
#include <vector>

namespace weir::actors {

// ---- master to worker -------------------------------------------------------------------------

/// The worker is a member from now on.
struct WorkerAdmitted {
  WorkerId id;
  Duration heartbeat_interval{};
  Duration heartbeat_timeout{};
};

/// The worker cannot become a member, now or ever.
struct WorkerRefused {
  std::string reason;
};

/// Whoever spoke under this id is no member any more: what it runs is over, and it must register
/// anew.
struct WorkerFenced {
  WorkerId id;
};

struct MasterBeat {
  WorkerId to;
};

struct MembersChanged {
  runtime::Membership view;
};

/// Ends everything that the worker has of a job.
struct ReleaseJob {
  JobId job;
};

/// A draining worker holds nothing any more.
struct MayLeave {
  WorkerId id;
};

// ---- worker to master -------------------------------------------------------------------------

struct WorkerBeat {
  WorkerId from;
  std::set<WorkerId> connected;  // the workers that it has a connection to: all of them
};

/// The worker wants to leave: it is to get nothing new, and what it has is to go elsewhere.
struct WorkerLeaving {
  WorkerId id;
};

/// The worker's program does not have this job, or has another.
struct JobNotHosted {
  JobId job;
  WorkerId worker;
  std::string reason;
};

// ---- worker to worker ---------------------------------------------------------------------------

struct PeerBeat {
  WorkerId from;
};

// ---- to a worker, from its own process ----------------------------------------------------------

/// The worker listens here: it may join.
struct JoinCluster {
  std::string host;  // as other workers reach it
  std::uint16_t port = 0;
};

/// Leave the cluster as soon as nothing depends on this worker.
struct LeaveCluster {};

// ---- master to client -------------------------------------------------------------------------

struct JobAccepted {
  JobId job;
  std::string name;
  std::string continues_from;        // the path of a checkpoint, or empty
  bool has_finished_before = false;  // there is nothing left to do
  CheckpointOptions checkpoint;      // how to stop it
};

struct RequestRejected {
  ErrorCode code = ErrorCode::invalid_argument;
  std::string reason;
};

struct JobChanged {
  JobId job;
  runtime::JobView view;
};

/// A job in a list.
struct JobSummary {
  JobId id;
  std::string name;
  runtime::JobView view;
  std::vector<std::string> workers;  // that it runs on
};

/// What the cluster has.
struct ClusterOverview {
  std::vector<JobSummary> jobs;
  runtime::Membership members;
  std::uint32_t slots = 0;
  std::uint32_t free_slots = 0;
};

/// How the checkpoints of a job went.
struct JobCheckpoints {
  std::string job;  // its name
  runtime::CheckpointStatistics statistics;
  advisor::Measured measured;  // of that, for who asks for advice
  Duration min_pause{};        // that its options ask for
};

/// What is measured of a job.
struct JobMetricsShown {
  std::vector<runtime::MetricFamily> families;
};

/// What a client asked for has been begun.
struct RequestDone {};

// ---- to the master, from its own process --------------------------------------------------------

struct JobViewed {
  JobId job;
  runtime::JobView view;
};

struct CheckpointNoted {
  JobId job;
  runtime::CheckpointEntry entry;
};

WEIR_MESSAGE(WorkerAdmitted)
WEIR_MESSAGE(WorkerRefused)
WEIR_MESSAGE(WorkerFenced)
WEIR_MESSAGE(MasterBeat)
WEIR_MESSAGE(MembersChanged)
WEIR_MESSAGE(ReleaseJob)
WEIR_MESSAGE(MayLeave)
WEIR_MESSAGE(WorkerBeat)
WEIR_MESSAGE(WorkerLeaving)
WEIR_MESSAGE(JobNotHosted)
WEIR_MESSAGE(PeerBeat)
WEIR_MESSAGE(JoinCluster)
WEIR_EMPTY_MESSAGE(LeaveCluster)
WEIR_MESSAGE(JobAccepted)
WEIR_MESSAGE(RequestRejected)
WEIR_MESSAGE(JobChanged)
WEIR_MESSAGE(ClusterOverview)
WEIR_EMPTY_MESSAGE(RequestDone)
WEIR_MESSAGE(JobViewed)
WEIR_MESSAGE(CheckpointNoted)
WEIR_MESSAGE(JobCheckpoints)
WEIR_MESSAGE(JobMetricsShown)
WEIR_MESSAGE(JobSpec)

}  // namespace weir::actors

namespace weir::runtime {
template <class Inspector>
auto inspect(Inspector& f, WorkerInfo& info) {
  return actors::inspect_as_bytes(f, "WorkerInfo", info);
}
template <class Inspector>
auto inspect(Inspector& f, RestoreRequest& request) {
  return actors::inspect_as_bytes(f, "RestoreRequest", request);
}
template <class Inspector>
auto inspect(Inspector& f, Fingerprint& fingerprint) {
  return actors::inspect_as_bytes(f, "Fingerprint", fingerprint);
}
}  // namespace weir::runtime
