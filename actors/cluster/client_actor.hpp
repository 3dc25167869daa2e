// ClientActor: speaks to the master for a program that is no actor, and hands it the answers.
#pragma once

#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/services.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <string>

namespace weir::actors {

/// Hears what becomes of a request, on the thread of the client's actor. Must not block.
class ClientObserver {
public:
  virtual ~ClientObserver() = default;
  virtual void on_accepted(const JobAccepted& accepted) { static_cast<void>(accepted); }
  virtual void on_rejected(const RequestRejected& rejected) = 0;
  virtual void on_done() {}
  virtual void on_changed(const JobChanged& changed) { static_cast<void>(changed); }
  virtual void on_overview(const ClusterOverview& overview) { static_cast<void>(overview); }
  /// The connection is gone; nothing more will be heard.
  virtual void on_disconnected(const std::string& why) = 0;
};

/// What a client is spawned with.
struct ClientSpawn {
  net::Dialer dialer;
  std::string host;
  std::uint16_t port = 0;
  /// Called with the master once it is reached.
  std::function<void(ClientActor::pointer, const MasterActor&)> ask;
  ClientObserver* observer = nullptr;  // outlives the actor
};

ClientActor::behavior_type client_actor(ClientActor::pointer self, ClientSpawn spawn);

}  // namespace weir::actors
