// The actors of a cluster of processes, and what they understand.
//
//   submit, weir            coordinator process                worker process, one of several
//
//   ClientActor ──────────► MasterActor ◄────────────────────► WorkerActor ◄────► other workers
//        ▲   SubmitJob,        │ spawns     RegisterWorker,       │ spawns    PeerHello
//        │   ListJobs...       ▼            WorkerBeat,           ▼
//        └─────────────── JobActor ◄─────── HostJob... ───► NodeActor ──► SubtaskActors
//            JobChanged        RequestSlots     DeployTasks
//
// The actors of a job (actors/interfaces.hpp) are the same as in one process.
#pragma once

#include "actors/cluster/library_source.hpp"
#include "actors/cluster/messages.hpp"
#include "actors/interfaces.hpp"

#include <caf/typed_actor.hpp>

#include <vector>

namespace weir::actors {

struct HostJob;
struct JobHosted;
struct ListJobs;
struct PeerHello;
struct PingMaster;
struct RegisterWorker;
struct SaveNamedJob;
struct ShowCheckpoints;
struct ShowMetrics;
struct StopNamedJob;
struct SubmitJob;
struct WatchJob;

/// Asks a cluster for something, and hears what comes of it (actors/cluster/client_actor).
using ClientActor = caf::typed_actor<caf::reacts_to<JobAccepted>, caf::reacts_to<RequestRejected>,
                                     caf::reacts_to<RequestDone>,
                                     // What came of its savepoint.
                                     caf::reacts_to<SavepointAnswer>,
                                     // What it watches has changed.
                                     caf::reacts_to<JobChanged>,
                                     // The answer to ListJobs.
                                     caf::reacts_to<ClusterOverview>,
                                     // The answer to ShowCheckpoints.
                                     caf::reacts_to<JobCheckpoints>,
                                     // The answer to ShowMetrics.
                                     caf::reacts_to<JobMetricsShown>,
                                     // From itself.
                                     caf::reacts_to<Continue>>;

/// Offers the slots of one process (actors/cluster/worker_actor).
using WorkerActor = caf::typed_actor<
    // From its own process.
    caf::reacts_to<JoinCluster>, caf::reacts_to<LeaveCluster>,
    // From the master.
    caf::reacts_to<WorkerAdmitted>, caf::reacts_to<WorkerRefused>, caf::reacts_to<WorkerFenced>,
    caf::reacts_to<MasterBeat>, caf::reacts_to<MembersChanged>, caf::reacts_to<HostJob>,
    caf::reacts_to<ReleaseJob>, caf::reacts_to<MayLeave>,
    // From another worker.
    caf::reacts_to<PeerHello>, caf::reacts_to<PeerBeat>,
    // From itself.
    caf::reacts_to<Continue>>;

/// Knows the workers and the jobs of a cluster (actors/cluster/master_actor).
using MasterActor = caf::typed_actor<
    // From workers.
    caf::reacts_to<RegisterWorker>, caf::reacts_to<WorkerBeat>, caf::reacts_to<WorkerLeaving>,
    caf::reacts_to<JobHosted>, caf::reacts_to<JobNotHosted>,
    // From jobs, and from their observers.
    caf::reacts_to<RequestSlots>, caf::reacts_to<JobViewed>, caf::reacts_to<CheckpointNoted>,
    caf::reacts_to<SavepointAnswer>,
    // From clients.
    caf::reacts_to<SubmitJob>, caf::reacts_to<WatchJob>, caf::reacts_to<StopNamedJob>,
    caf::reacts_to<SaveNamedJob>, caf::reacts_to<ShowCheckpoints>, caf::reacts_to<ShowMetrics>,
    caf::reacts_to<ListJobs>, caf::reacts_to<PingMaster>,
    // From itself.
    caf::reacts_to<Wake>, caf::reacts_to<Continue>>;

// ---- messages that carry handles ----------------------------------------------------------------

/// A process wants to become a member.
struct RegisterWorker {
  runtime::WorkerInfo info;
  std::uint64_t nonce = 0;  // drawn anew whenever the worker begins to register
  WorkerActor worker;
};

/// A worker introduces itself to another; said again until the other is heard. Whoever has another
/// id is not meant: it has taken the place of the worker that was dialled.
struct PeerHello {
  WorkerId from;
  WorkerId to;
  WorkerActor worker;
};

/// Build this job, check that it is the same, and be ready to spawn subtasks of it.
struct HostJob {
  JobId id;
  JobSpec spec;
  std::string run;
  std::string directory;  // of the job's checkpoints
  std::uint32_t max_parallelism = 0;
  runtime::Fingerprint fingerprint;
  JobActor job;
  LibrarySource library = {};  // has the one that the job is in
};

/// The worker is ready for subtasks of a job.
struct JobHosted {
  JobId id;
  WorkerId worker;
  NodeActor node;
};

struct SubmitJob {
  JobSpec spec;
  runtime::RestoreRequest restore;
  std::string ticket;  // no two submissions have the same; one that is repeated has it again
  ClientActor client;
  LibrarySource library = {};  // has the one that the job is in
};

/// Tell this client whenever the job changes.
struct WatchJob {
  JobId job;
  ClientActor client;
};

/// End a job, with a last checkpoint or at once.
struct StopNamedJob {
  std::string job;  // its number or its name
  bool at_once = false;
  ClientActor client;
};

/// Take a savepoint of a job, and perhaps end it behind that. SavepointAnswer answers.
struct SaveNamedJob {
  std::string job;  // its number or its name
  TakeSavepoint order;
  ClientActor client;
};

/// Asks for JobCheckpoints.
struct ShowCheckpoints {
  std::string job;  // its number or its name
  ClientActor client;
};
/// Asks for JobMetricsShown.
struct ShowMetrics {
  std::string job;  // its number or its name
  ClientActor client;
};
struct ListJobs {
  ClientActor client;
};

/// Asks for RequestDone, as a sign of life.
struct PingMaster {
  ClientActor client;
};

// NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses is no declaration.
#define WEIR_HANDLE_MESSAGE(type, ...)                  \
  template <class Inspector>                            \
  auto inspect(Inspector& f, type& m) {                 \
    return f(caf::meta::type_name(#type), __VA_ARGS__); \
  }
// NOLINTEND(bugprone-macro-parentheses)

WEIR_HANDLE_MESSAGE(RegisterWorker, m.info, m.nonce, m.worker)
WEIR_HANDLE_MESSAGE(PeerHello, m.from, m.to, m.worker)
WEIR_HANDLE_MESSAGE(HostJob, m.id, m.spec, m.run, m.directory, m.max_parallelism, m.fingerprint,
                    m.job, m.library)
WEIR_HANDLE_MESSAGE(JobHosted, m.id, m.worker, m.node)
WEIR_HANDLE_MESSAGE(SubmitJob, m.spec, m.restore, m.ticket, m.client, m.library)
WEIR_HANDLE_MESSAGE(PingMaster, m.client)
WEIR_HANDLE_MESSAGE(WatchJob, m.job, m.client)
WEIR_HANDLE_MESSAGE(StopNamedJob, m.job, m.at_once, m.client)
WEIR_HANDLE_MESSAGE(SaveNamedJob, m.job, m.order, m.client)
WEIR_HANDLE_MESSAGE(ShowCheckpoints, m.job, m.client)
WEIR_HANDLE_MESSAGE(ShowMetrics, m.job, m.client)
WEIR_HANDLE_MESSAGE(ListJobs, m.client)

}  // namespace weir::actors

CAF_BEGIN_TYPE_ID_BLOCK(weir_cluster, caf::id_block::weir_handles::end)

  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::ClientActor))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::WorkerActor))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::MasterActor))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::WorkerAdmitted))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::WorkerRefused))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::WorkerFenced))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::MasterBeat))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::MembersChanged))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::ReleaseJob))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::MayLeave))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::WorkerBeat))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::WorkerLeaving))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::JobNotHosted))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::PeerBeat))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::JoinCluster))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::LeaveCluster))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::JobAccepted))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::RequestRejected))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::RequestDone))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::JobChanged))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::ClusterOverview))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::JobViewed))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::CheckpointNoted))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::JobCheckpoints))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::JobMetricsShown))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::RegisterWorker))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::PeerHello))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::HostJob))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::JobHosted))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::SubmitJob))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::WatchJob))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::StopNamedJob))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::SaveNamedJob))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::ShowCheckpoints))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::ShowMetrics))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::ListJobs))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::PingMaster))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::LibrarySource))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::AskLibrary))
  CAF_ADD_TYPE_ID(weir_cluster, (weir::actors::LibraryAnswer))

CAF_END_TYPE_ID_BLOCK(weir_cluster)
