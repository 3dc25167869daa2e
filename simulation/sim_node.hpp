// SimNode: one simulated process: an actor system whose every step somebody else chooses.
#pragma once

#include "actors/config.hpp"
#include "simulation/sim_middleman.hpp"
#include "simulation/sim_world.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>
#include <caf/send.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace weir::simulation {

/// How a process is started.
struct NodeOptions {
  /// How far the wall clock of its machine is ahead.
  Duration wall_offset{};
  /// CAF's own watch over its connections; 0 is off, as CAF has it.
  Duration heartbeat_interval{};
  Duration connection_timeout{};
  /// Called before the actor system is made, to add message types and options.
  std::function<void(caf::actor_system_config&)> configure = {};
};

/// See the file comment. Its destructor is a SIGKILL: no actor handles another message, but their
/// states are destroyed. No handle of its actors may be used afterwards.
class SimNode {
public:
  /// Something that can be done next: the one who does it, and what.
  struct Work {
    enum class Kind : std::uint8_t { actor, network, pool };
    Kind kind = Kind::actor;
    std::size_t index = 0;          // among the scheduler's jobs, or what waits in the pool
    SimMultiplexer::Event event{};  // if `kind` is network
  };

  /// Starts a process on a machine whose monotonic clock showed `origin` when the network began.
  /// `fabric` and `random` must outlive it. The process begins with `advance`.
  SimNode(SimFabric& fabric, base::Random& random, HostId host, std::uint32_t process_id,
          Duration origin, const NodeOptions& options);
  ~SimNode();
  SimNode(const SimNode&) = delete;
  SimNode& operator=(const SimNode&) = delete;

  const std::string& host() const { return name_; }
  caf::actor_system& system() { return *system_; }
  SimMultiplexer& multiplexer() { return multiplexer_; }
  SimClock& clock() { return clock_; }
  SimPool& pool() { return pool_; }
  std::shared_ptr<const net::PeerSigns> signs() const { return signs_; }
  SimLog& log() { return log_; }
  /// Whether an actor has not ended yet.
  static bool lives(const caf::strong_actor_ptr& actor);
  /// Others can dial a typed actor of this process at a port of its machine.
  template <class Handle>
  void publish(const Handle& actor, std::uint16_t port) {
    caf::anon_send(system_->middleman().actor_handle(), caf::publish_atom_v, port,
                   caf::actor_cast<caf::strong_actor_ptr>(actor), system_->message_types(actor),
                   std::string{}, false);
  }

  // ---- for SimNetwork --------------------------------------------------------------------------

  /// Finds what can be done now; returns how much.
  std::size_t find_work();
  /// Returns one of those, `index` being less than what find_work() returned.
  Work work(std::size_t index);
  /// Who does it: an actor's id, or a number for each connection, port and so on.
  std::uint64_t doer(const Work& work) const;
  /// Does it; returns what is worth hashing of what was done.
  std::uint64_t run(const Work& work);
  std::string describe(const Work& work) const;

  /// When the next timer is due, in time since the network began.
  std::optional<Duration> next_timer();
  /// Time goes on, so much having passed since the network began.
  void advance(Duration now);

private:
  using Jobs = std::deque<caf::resumable*>;

  static caf::scheduled_actor* actor_of(caf::resumable* job);
  static caf::actor_id id_of(caf::resumable* job);
  std::uint64_t run_job(std::size_t index);
  /// A dial begins before the middleman's actor is told to dial; true if one has begun now.
  bool begins_dial(caf::scheduled_actor& actor);
  void end_at_once(caf::scheduled_actor& actor);

  std::string name_;
  actors::SimulatedSystemConfig config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator& scheduler_;
  SimMultiplexer& multiplexer_;
  caf::actor_id middleman_;
  Duration origin_;
  SimClock clock_;
  std::shared_ptr<net::PeerSigns> signs_;
  SimPool pool_;
  SimLog log_;
  // Actors that have had a turn and are not known to have ended. Those that never had one are among
  // the scheduler's jobs.
  std::map<caf::actor_id, caf::weak_actor_ptr> actors_;
  std::size_t job_count_ = 0;  // that can run now; found by find_work()
  const std::vector<SimMultiplexer::Event>* events_ = nullptr;  // likewise
};

}  // namespace weir::simulation
