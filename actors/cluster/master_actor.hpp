// MasterActor: carries the WorkerTable and the SlotPool of a cluster, and spawns a JobActor for
// each job that is submitted.
//
// Whoever is no member any more is fenced: what it says is answered with WorkerFenced. A job hears
// of a lost worker as NodeLost, and requests slots anew.
//
// With a JobKeeper a job is stored before it is accepted, and goes on under the next leader.
//
// Its parts: workers (master_members.cpp), slots and nodes of jobs (master_slots.cpp), jobs from
// their submission to their end (master_jobs.cpp), their savepoints (master_savepoints.cpp), jobs
// of leaders before (master_takeover.cpp), and the reactive mode (master_scaling.cpp).
#pragma once

#include "actors/cluster/cluster_jobs.hpp"
#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/job_keeper.hpp"
#include "actors/cluster/services.hpp"
#include "runtime/cluster/slot_pool.hpp"
#include "runtime/cluster/worker_table.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace weir::actors {

/// What a master is spawned with.
struct MasterSpawn {
  ClusterServices services;
  runtime::WorkerTable::Options members = {};
  runtime::SlotPool::Options slots = {};
  std::optional<runtime::ScalingOptions> scaling = {};     // none: jobs keep their parallelism
  Duration report_every = std::chrono::milliseconds{200};  // counters of jobs
  std::size_t history = 100;                               // ended jobs that are remembered; min 1
  std::function<std::string()> new_run_id;                 // names starts of jobs; no two alike
  std::shared_ptr<JobKeeper> keeper = {};                  // null: jobs end with the master
  Inheritance inheritance = {};                            // what leaders before have left
};

/// The actor's state.
class MasterState {
public:
  using Self = MasterActor::stateful_pointer<MasterState>;

  static inline const char* name = "master";

  explicit MasterState(Self self) : self_{self} {}
  ~MasterState();
  MasterState(const MasterState&) = delete;
  MasterState& operator=(const MasterState&) = delete;

  void begin(MasterSpawn spawn);
  void on_register(RegisterWorker& message);
  void on_beat(const WorkerBeat& beat);
  void on_leaving(const WorkerLeaving& leaving);
  void on_hosted(JobHosted& hosted);
  void on_not_hosted(const JobNotHosted& refused);
  void on_request_slots(const RequestSlots& request);
  void on_viewed(JobViewed& viewed);
  void on_checkpoint(CheckpointNoted& noted);
  void on_show_checkpoints(const ShowCheckpoints& show);
  void on_show_metrics(const ShowMetrics& show);
  void on_submit(SubmitJob& submit);
  void on_watch(const WatchJob& watch);
  void on_stop(const StopNamedJob& stop);
  void on_save(const SaveNamedJob& save);
  void on_savepoint(const SavepointAnswer& answer);
  void on_list(const ListJobs& list);
  void on_ping(const PingMaster& ping);
  void on_wake(Duration at);
  void on_down(const caf::down_msg& down);

private:
  friend struct PerformMember;
  friend struct PerformSlots;
  friend struct PerformScaling;

  // Workers.
  void note_signs();
  void perform(const runtime::ClusterActions& actions);
  void lose_worker(const runtime::Member& member, const std::string& why);
  void check_meshes();
  void end_shared_jobs(const runtime::Member& member);
  void let_leave();
  WorkerId find(const caf::actor_addr& worker) const;
  std::string name_of(WorkerId id) const;

  // Slots, and nodes on their workers.
  void perform(const runtime::SlotActions& actions);
  void request_slots(ClusterJob& job);
  void take_slots(ClusterJob& job);
  void host(ClusterJob& job, WorkerId worker);
  void host_anew(ClusterJob& job, WorkerId worker);
  void grant_if_hosted(ClusterJob& job);
  void drop_node(ClusterJob& job, const runtime::Member& worker, const std::string& why);
  void drop_dead_node(ClusterJob& job, const caf::actor_addr& dead);
  void release_nodes(ClusterJob& job);

  // The reactive mode.
  void perform(ClusterJob& job, const runtime::ScalingActions& actions);
  void begin_scaling(ClusterJob& job);
  void scale_jobs();
  void tick_scaling();
  Status check_room() const;
  void replan(ClusterJob& job, const runtime::StartWith& start);
  void on_replanned(ClusterJob& job, const runtime::StartWith& start, Result<HostedJobPtr> built);

  // Jobs from their submission to their end.
  void open(const SubmitJob& submit);
  void reject(const SubmitJob& submit, const Status& why);
  void keep(const SubmitJob& submit, HostedJobPtr hosted);
  void accept(const SubmitJob& submit, HostedJobPtr hosted, JobId id);
  void start(ClusterJob& job, HostedJobPtr hosted);
  void conclude(ClusterJob& job);
  void end_job(ClusterJob& job);
  void forget_ended_jobs();
  ClusterJob* find_job(const std::string& asked, const ClientActor& client);
  void refuse_savepoints(JobId job);
  std::set<std::string> places_in_use() const;
  void tell_watchers(const ClusterJob& job);

  // Jobs of leaders before.
  void inherit(const Inheritance& inheritance);
  void resume(const JobRecord& record);
  void clean_up(const JobRecord& record);

  void serve_libraries();
  void schedule_wake();
  Duration now() const { return spawn_->services.common.clock.monotonic(); }

  Self self_;
  std::optional<MasterSpawn> spawn_;
  std::optional<runtime::WorkerTable> members_;
  std::optional<runtime::SlotPool> slots_;
  LibrarySource libraries_;  // for workers; none if this program loads none
  std::map<WorkerId, WorkerActor> workers_;
  std::optional<RegisterWorker> registering_;  // while its registration is performed
  ClusterJobs jobs_;
  /// Savepoints that clients wait for, by ticket.
  struct AskedSavepoint {
    JobId job;
    ClientActor client;
  };
  std::map<std::string, AskedSavepoint> savepoints_;
  std::set<std::string> opening_;   // tickets of submissions that are not answered yet
  std::set<std::string> cleaning_;  // directories of jobs that have ended under other leaders
  std::optional<Duration> wake_at_;
  bool mesh_check_is_due_ = false;
};

MasterActor::behavior_type master_actor(MasterState::Self self, MasterSpawn spawn);

}  // namespace weir::actors
