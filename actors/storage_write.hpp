// StorageWrite: a write to the storage of checkpoints that an actor carries out in the pool. If its
// failure may pass it is tried again after a pause; no thread waits meanwhile.
#pragma once

#include "actors/blocking.hpp"
#include "actors/services.hpp"
#include "base/log.hpp"
#include "base/retry.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace weir::actors {

/// For the log: somebody could not write something of a checkpoint, and will try again.
struct FailedWrite {
  CheckpointId checkpoint;
  const std::string& who;
  const Status& why;
  Duration pause;
};

void log_retry(base::Logger& log, const FailedWrite& write);

/// See the file comment. All but `work` runs in the turns of the actor.
struct StorageWrite {
  CheckpointId checkpoint;
  base::Retry retry;
  std::function<Status()> work;  // in the pool; once more whenever it has failed
  std::function<bool()> is_wanted;
  std::function<void(const base::Retry&)> then;
};

/// Carries out `write` as far as its Retry allows, while it `is_wanted`; then calls `then` as a
/// turn of `self`, which must handle Continue. If the actor ends before, that is dropped.
template <class Self>
void carry_out(Self* self, const Services& services, std::shared_ptr<StorageWrite> write) {
  ask_blocking(
      self, services.pool, [write] { return write->work(); },
      [self, &services, write](const Status& status) {
        const auto pause = write->retry.after(status, services.clock.monotonic());
        if (!pause || !write->is_wanted()) return write->then(write->retry);
        log_retry(services.log, {write->checkpoint, self->name(), status, *pause});
        self->delayed_send(
            self, *pause, Continue{[self, &services, write] { carry_out(self, services, write); }});
      });
}

}  // namespace weir::actors
