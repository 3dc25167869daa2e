// PeerLinks: a worker's connections to all other workers. Of any two the newer dials the older, so
// that no connection is opened twice; whoever dials introduces itself.
//
// Without a connection of its own to each other worker, a handle that came from the master would
// be routed through the master's process, and be lost with it.
#pragma once

#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/services.hpp"

#include <caf/event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace weir::actors {

/// See the file comment. Lives in the worker's actor, and is used in its turns only.
class PeerLinks {
public:
  using Self = WorkerActor::pointer;

  /// `changed` is called whenever a connection has come or gone.
  PeerLinks(Self self, const ClusterServices& services, std::function<void()> changed);

  /// The worker is a member under this id: begins to connect.
  void begin(WorkerId self_id);
  /// The worker is no member any more: forgets all connections.
  void end();
  /// Dials whom the worker is to dial, and forgets who is no member any more.
  void on_members(runtime::Membership view);
  void on_hello(const PeerHello& hello);
  /// Returns whether it was the connection to another worker that broke.
  bool on_down(const caf::actor_addr& source);

  std::set<WorkerId> connected() const;

private:
  void dial_missing();
  void dial(const runtime::Member& peer);
  void on_dialled(WorkerId peer, const caf::strong_actor_ptr& actor);
  void on_failed(WorkerId peer, const std::string& why);
  void connect(WorkerId peer, WorkerActor actor);

  Self self_;
  const ClusterServices& services_;
  std::function<void()> changed_;
  std::optional<WorkerId> self_id_;
  runtime::Membership view_;
  std::map<WorkerId, WorkerActor> peers_;
  std::set<WorkerId> dialling_;
  std::uint64_t round_ = 0;  // answers of an earlier membership mean nothing
};

}  // namespace weir::actors
