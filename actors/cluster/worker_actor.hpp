// WorkerActor: joins a cluster, and hosts what the master asks for.
//
//   dialling ──► registering ──► member ──► leaving ──► gone
//       ▲             │            │ the master is lost, or says that it is fenced
//       └─────────────┴────────────┘ everything that ran here ends; after a pause it begins anew
//
// Only the master at which it has registered last is listened to: one that was deposed may go on
// speaking for a while.
//
// A worker that was cut off ends its subtasks by itself, as soon as it notices: the master has
// declared it lost and has put others in their place.
#pragma once

#include "actors/cluster/endpoint.hpp"
#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/job_host.hpp"
#include "actors/cluster/peer_links.hpp"
#include "actors/cluster/services.hpp"
#include "base/random.hpp"
#include "runtime/cluster/backoff.hpp"
#include "runtime/cluster/heartbeat_monitor.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::actors {

/// What a worker is spawned with.
struct WorkerSpawn {
  ClusterServices services;
  CoordinatorFinder coordinator;
  std::string name;  // unique in the cluster
  int slots = 1;
  std::string build;  // which program this is, for people
  runtime::RegistrationOptions registration = {};
  std::uint64_t seed = 0;  // of nonces and jitter
  /// Called when the worker has ended: with "" after it has left, else with the reason why it
  /// cannot be a member.
  std::function<void(const std::string&)> on_end;
};

/// The actor's state.
class WorkerActorState {
public:
  using Self = WorkerActor::stateful_pointer<WorkerActorState>;

  static inline const char* name = "worker";

  explicit WorkerActorState(Self self) : self_{self} {}

  void begin(WorkerSpawn spawn);
  void on_join(const JoinCluster& join);
  void on_leave();
  void on_admitted(const WorkerAdmitted& admitted);
  void on_refused(const WorkerRefused& refused);
  void on_fenced(const WorkerFenced& fenced);
  void on_master_beat(const MasterBeat& beat);
  void on_members(MembersChanged& changed);
  void on_host(HostJob& order);
  void on_release(const ReleaseJob& release);
  void on_may_leave(const MayLeave& leave);
  void on_hello(const PeerHello& hello);
  void on_peer_beat(const PeerBeat& beat);
  void on_down(const caf::down_msg& down);

private:
  /// Being a member, under one id.
  struct Session {
    WorkerId id;
    Duration interval{};
    runtime::HeartbeatMonitor master;  // watches it, as the peer kMaster
  };

  void look();
  void dial_next(const std::string& why);
  bool is_from_master() const;
  void on_dialled(const caf::strong_actor_ptr& master);
  void rejoin(const std::string& why);
  void beat();
  void keep_beating();
  void end(const std::string& reason);
  bool is_member(WorkerId id) const { return session_ && session_->id == id; }
  Duration now() const { return spawn_->services.common.clock.monotonic(); }

  Self self_;
  std::optional<WorkerSpawn> spawn_;
  JoinCluster place_;
  base::Random random_{0};
  std::optional<runtime::RegistrationBackoff> backoff_;
  std::vector<Endpoint> places_;  // where the master may be, still to be tried
  MasterActor master_;            // once it is found
  std::optional<Session> session_;
  std::unique_ptr<PeerLinks> peers_;
  JobHost jobs_;
  bool is_leaving_ = false;
  std::uint64_t round_ = 0;  // what was begun before the last `rejoin` means nothing
};

WorkerActor::behavior_type worker_actor(WorkerActorState::Self self, WorkerSpawn spawn);

}  // namespace weir::actors
