#include "actors/cluster/candidate_actor.hpp"

#include "actors/blocking.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_behavior.hpp>

#include <algorithm>
#include <utility>

namespace weir::actors {

/// Performs what the election decides.
struct PerformElection {
  CandidateState& state;

  void operator()(const runtime::LookAtStore& action) const {
    ask_blocking(
        state.self_, state.spawn_->pool,
        [store = state.spawn_->store] { return store->look(runtime::Viewer::candidate); },
        [this_state = &state, call = action.call](const Result<runtime::Sighting>& seen) {
          this_state->perform(this_state->election_->on_looked(call, seen, this_state->now()));
        });
  }

  void operator()(const runtime::ClaimLeadership& action) const {
    ask_blocking(
        state.self_, state.spawn_->pool,
        [store = state.spawn_->store, address = state.spawn_->address, newest = action.newest] {
          return store->claim(address, newest);
        },
        [this_state = &state, call = action.call](const Result<LeaderEpoch>& claimed) {
          this_state->perform(this_state->election_->on_claimed(call, claimed, this_state->now()));
        });
  }

  void operator()(const runtime::WriteHeartbeat& action) const {
    ask_blocking(
        state.self_, state.spawn_->pool,
        [store = state.spawn_->store, epoch = action.epoch] { return store->beat(epoch); },
        [this_state = &state, call = action.call](const Status& status) {
          this_state->perform(this_state->election_->on_beaten(call, status, this_state->now()));
        });
  }

  void operator()(const runtime::Resign& action) const {
    state.spawn_->pool.submit(
        [store = state.spawn_->store, epoch = action.epoch] { store->resign(epoch); });
  }

  void operator()(const runtime::LeadershipGranted& action) const {
    state.spawn_->log.info("leads the cluster", {{"epoch", action.epoch.value()}});
    state.spawn_->on_granted(action.epoch);
  }

  void operator()(const runtime::LeadershipLost& action) const {
    state.spawn_->on_lost(action.reason);
  }

  void operator()(const runtime::LeaderSeen& action) const {
    state.spawn_->log.info("stands by",
                           {{"leader", action.leader ? action.leader->address : "nobody"}});
  }

  void operator()(const runtime::StoreFailed& action) const {
    state.spawn_->log.warn("the leader store fails; it is tried again",
                           {{"error", action.status.message()}});
  }
};

void CandidateState::begin(CandidateSpawn spawn) {
  spawn_.emplace(std::move(spawn));
  election_.emplace(spawn_->times, spawn_->seed);
  perform(election_->on_start(now()));
}

void CandidateState::on_wake(Duration at) {
  if (wake_at_ == at) wake_at_.reset();
  perform(election_->on_tick(now()));
}

void CandidateState::perform(const runtime::ElectionActions& actions) {
  for (const runtime::ElectionAction& action : actions) std::visit(PerformElection{*this}, action);
  schedule_wake();
}

void CandidateState::schedule_wake() {
  const auto next = election_->next_wake();
  if (!next || (wake_at_ && *wake_at_ <= *next)) return;
  wake_at_ = next;
  self_->delayed_send(self_, std::max(*next - now(), Duration{}), Wake{*next});
}

CandidateActor::behavior_type candidate_actor(CandidateState::Self self, CandidateSpawn spawn) {
  CandidateState& state = self->state;
  state.begin(std::move(spawn));
  return {
      [&state](const Wake& wake) { state.on_wake(wake.at); },
      [](const Continue& message) { message.then(); },
  };
}

}  // namespace weir::actors
