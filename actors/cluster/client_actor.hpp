// ClientActor: speaks to the master for a program that is no actor, and hands it the answers.
//
// Where another coordinator may take over, it looks for the new leader when it has lost the old one
// or hears nothing of it any more, and asks again.
#pragma once

#include "actors/cluster/endpoint.hpp"
#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/services.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weir::actors {

/// Hears what becomes of a request, on the thread of the client's actor. Must not block.
class ClientObserver {
public:
  virtual ~ClientObserver() = default;
  virtual void on_accepted(const JobAccepted& accepted) { static_cast<void>(accepted); }
  virtual void on_rejected(const RequestRejected& rejected) = 0;
  virtual void on_done() {}
  virtual void on_savepoint(const SavepointAnswer& answer) { static_cast<void>(answer); }
  virtual void on_changed(const JobChanged& changed) { static_cast<void>(changed); }
  virtual void on_overview(const ClusterOverview& overview) { static_cast<void>(overview); }
  virtual void on_metrics(const JobMetricsShown& shown) { static_cast<void>(shown); }
  virtual void on_checkpoints(const JobCheckpoints& all) { static_cast<void>(all); }
  /// The coordinator is gone, and there is none in its place; nothing more will be heard.
  virtual void on_disconnected(const std::string& why) = 0;
};

/// What a client is spawned with.
struct ClientSpawn {
  net::Dialer dialer;
  base::BlockingPool& pool;
  const Clock& clock;
  CoordinatorFinder coordinator;
  /// Called with the master whenever one is reached.
  std::function<void(ClientActor::pointer, const MasterActor&)> ask;
  ClientObserver* observer = nullptr;  // outlives the actor
};

/// The actor's state.
class ClientState {
public:
  using Self = ClientActor::stateful_pointer<ClientState>;

  static inline const char* name = "client";

  explicit ClientState(Self self) : self_{self} {}

  void begin(ClientSpawn spawn);
  /// Whether the message at hand is from the master; notes that it lives.
  bool hears_master();
  ClientObserver& observer() { return *spawn_->observer; }

private:
  void look();
  void dial_next(const std::string& why);
  void on_dialled(const caf::strong_actor_ptr& master, const std::string& place);
  void lose(const std::string& why);
  void keep_pinging();
  Duration now() const { return spawn_->clock.monotonic(); }

  Self self_;
  std::optional<ClientSpawn> spawn_;
  std::vector<Endpoint> places_;  // still to be tried
  MasterActor master_;            // once it is reached
  std::string place_;             // of the master
  Duration heard_at_{};           // of it
  Duration lost_at_{};            // when there was a master last
  std::uint64_t round_ = 0;       // what was begun before the last `lose` means nothing
};

ClientActor::behavior_type client_actor(ClientState::Self self, ClientSpawn spawn);

}  // namespace weir::actors
