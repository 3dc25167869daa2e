// Waker: lets any thread wake a subtask, whatever has become of it.
#pragma once

#include "actors/interfaces.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/send.hpp>

#include <mutex>
#include <utility>

namespace weir::actors {

/// Those who wake and the actor share it; the actor closes it when it ends. Who answers requests
/// may outlive actors and their system: nothing of either may be touched then.
class Waker {
public:
  explicit Waker(caf::weak_actor_ptr actor) : actor_{std::move(actor)} {}

  /// Lets the actor have a turn soon. From any thread.
  void wake() {
    caf::strong_actor_ptr actor;  // if it is the last one the actor ends by it, outside of the lock
    const std::lock_guard lock{mutex_};
    if (actor = actor_.lock(); actor != nullptr)
      caf::anon_send(caf::actor_cast<SubtaskActor>(actor), Continue{[] {}});
  }

  void close() {
    const std::lock_guard lock{mutex_};
    actor_ = nullptr;
  }

private:
  std::mutex mutex_;
  caf::weak_actor_ptr actor_;  // guarded by mutex_; null: it has ended
};

}  // namespace weir::actors
