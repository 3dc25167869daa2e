// Wakers: any thread wakes an actor, whatever has become of it.
#include "actors/waker.hpp"

#include "actors/config.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <memory>
#include <thread>

using namespace weir::actors;

TEST_CASE("who wakes may do so while the actor ends, and when its system is gone", "[async]") {
  std::atomic<int> turns = 0;
  std::shared_ptr<Waker> waker;
  {
    SystemConfig config{2};
    caf::actor_system system{config};
    caf::actor sleeper = system.spawn([&turns](caf::event_based_actor*) -> caf::behavior {
      return {[&turns](const Continue&) { ++turns; }};
    });
    waker = std::make_shared<Waker>(caf::actor_cast<caf::weak_actor_ptr>(sleeper));
    std::atomic<bool> is_over = false;
    std::thread service{[&] {
      while (!is_over) waker->wake();
    }};
    while (turns < 100) std::this_thread::yield();
    caf::anon_send_exit(sleeper, caf::exit_reason::kill);
    sleeper = nullptr;
    system.await_all_actors_done();  // it is woken meanwhile
    is_over = true;
    service.join();
    waker->close();
  }
  const int before = turns;
  waker->wake();
  CHECK(turns == before);
}
