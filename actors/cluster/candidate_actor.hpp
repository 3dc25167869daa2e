// CandidateActor: carries a LeaderElection. It asks the store in a pool of its own, so that neither
// actor threads nor heartbeats ever wait for a disk that jobs use.
#pragma once

#include "actors/messages.hpp"
#include "base/blocking_pool.hpp"
#include "base/log.hpp"
#include "runtime/ha/leader_election.hpp"

#include <weir/clock.hpp>

#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>
#include <string>

namespace weir::actors {

using CandidateActor = caf::typed_actor<caf::reacts_to<Wake>, caf::reacts_to<Continue>>;

/// What a candidate is spawned with.
struct CandidateSpawn {
  runtime::HaStore* store = nullptr;  // outlives the work in the pool
  base::BlockingPool& pool;
  const Clock& clock;
  base::Logger& log;
  std::string address;  // where workers and clients reach the leader
  runtime::ElectionTimes times;
  std::uint64_t seed = 0;
  // Called on the actor's thread; must not block.
  std::function<void(LeaderEpoch)> on_granted;
  std::function<void(const std::string& reason)> on_lost;
};

/// The actor's state.
class CandidateState {
public:
  using Self = CandidateActor::stateful_pointer<CandidateState>;

  static inline const char* name = "candidate";

  explicit CandidateState(Self self) : self_{self} {}

  void begin(CandidateSpawn spawn);
  void on_wake(Duration at);

private:
  friend struct PerformElection;

  void perform(const runtime::ElectionActions& actions);
  void schedule_wake();
  Duration now() const { return spawn_->clock.monotonic(); }

  Self self_;
  std::optional<CandidateSpawn> spawn_;
  std::optional<runtime::LeaderElection> election_;
  std::optional<Duration> wake_at_;
};

CandidateActor::behavior_type candidate_actor(CandidateState::Self self, CandidateSpawn spawn);

}  // namespace weir::actors
