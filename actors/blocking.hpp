// Running work off the actor threads, and continuing in the actor when it is done.
#pragma once

#include "actors/messages.hpp"
#include "base/blocking_pool.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace weir::actors {

/// Runs `work()` in the pool, then `then` as a turn of `self`, which must handle Continue. If the
/// actor ends before, `then` is dropped.
template <class Self>
void run_blocking(Self* self, base::BlockingPool& pool, std::function<void()> work,
                  std::function<void()> then) {
  using Handle = std::decay_t<decltype(caf::actor_cast<typename Self::actor_hdl>(self))>;
  pool.submit([actor = Handle{caf::actor_cast<typename Self::actor_hdl>(self)},
               work = std::move(work), then = std::move(then)] {
    work();
    caf::anon_send(actor, Continue{then});
  });
}

/// The same for work with a result, which `then` takes.
template <class Self, class Work, class Then>
void ask_blocking(Self* self, base::BlockingPool& pool, Work work, Then then) {
  using Answer = std::invoke_result_t<Work>;
  auto answer = std::make_shared<std::optional<Answer>>();
  run_blocking(
      self, pool, [answer, work = std::move(work)] { answer->emplace(work()); },
      [answer, then = std::move(then)] { then(std::move(**answer)); });
}

}  // namespace weir::actors
