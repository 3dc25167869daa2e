// PeerLinks: a worker's connections to all other workers. Of any two the newer dials the older, so
// that no connection is opened twice; whoever dials introduces itself.
//
// Without a connection of its own to each other worker, a handle that came from the master would
// be routed through the master's process, and be lost with it.
//
// A peer is connected as long as it is heard, or anything is read from its process: an open socket
// proves nothing when a cable is cut, or when only one direction works.
#pragma once

#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/services.hpp"
#include "runtime/cluster/heartbeat_monitor.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace weir::actors {

/// See the file comment. Lives in the worker's actor, and is used in its turns only.
class PeerLinks {
public:
  using Self = WorkerActor::pointer;

  /// `changed` is called whenever a peer is connected, or no longer.
  PeerLinks(Self self, const ClusterServices& services, std::function<void()> changed);

  /// The worker is a member under this id: begins to connect.
  void begin(WorkerId self_id, const runtime::HeartbeatOptions& heartbeat);
  /// The worker is no member any more: forgets all connections.
  void end();
  /// Dials whom the worker is to dial, and forgets who is no member any more.
  void on_members(runtime::Membership view);
  void on_hello(const PeerHello& hello);
  void on_beat(const PeerBeat& beat);
  /// Somebody has ended, or the connection to it broke.
  void on_down(const caf::actor_addr& source);
  /// To be called once in every heartbeat interval.
  void tick();

  std::set<WorkerId> connected() const;

private:
  void dial_missing();
  void dial(const runtime::Member& peer);
  void on_dialled(WorkerId peer, const caf::strong_actor_ptr& actor);
  void on_failed(WorkerId peer, const std::string& why);
  void link(WorkerId peer, WorkerActor actor);
  void heard(WorkerId peer);
  bool is_connected(WorkerId peer) const { return monitor_ && monitor_->is_watching(peer); }
  Duration now() const { return services_.common.clock.monotonic(); }

  Self self_;
  const ClusterServices& services_;
  std::function<void()> changed_;
  std::optional<WorkerId> self_id_;
  std::optional<runtime::HeartbeatMonitor> monitor_;  // of the peers that are connected
  runtime::Membership view_;
  std::map<WorkerId, WorkerActor> peers_;  // that have been dialled, or have introduced themselves
  std::set<WorkerId> dialling_;
  std::uint64_t round_ = 0;  // answers of an earlier membership mean nothing
};

}  // namespace weir::actors
