// SimErrands: what functions of a job have left to be done later, as by a service that they ask.
#pragma once

#include "actors/messages.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <utility>

namespace weir::simulation {

/// Calls functions at their virtual time, outside of the actors that asked for it, until it ends.
class SimErrands {
public:
  /// `system` must outlive it. Nobody is spawned before somebody asks: traces depend on it.
  explicit SimErrands(caf::actor_system& system) : system_{system} {}

  void call_later(Duration delay, std::function<void()> f) {
    if (!actor_) actor_ = system_.spawn(behavior);
    caf::delayed_anon_send(actor_, delay, actors::Continue{std::move(f)});
  }

  /// Whatever is left is not done.
  void end() {
    if (actor_) caf::anon_send_exit(std::exchange(actor_, nullptr), caf::exit_reason::kill);
  }

private:
  using Actor = caf::typed_actor<caf::reacts_to<actors::Continue>>;

  static Actor::behavior_type behavior(Actor::pointer) {
    return {[](const actors::Continue& errand) { errand.then(); }};
  }

  caf::actor_system& system_;
  Actor actor_;  // null: nobody has asked yet
};

}  // namespace weir::simulation
