#include "actors/random_killer.hpp"

#include "actors/messages.hpp"
#include "base/random.hpp"

#include <cmath>
#include <memory>

namespace weir::actors {

caf::behavior random_killer(caf::event_based_actor* self, ChaosController* chaos, ChaosRule rule) {
  const auto random = std::get<AtRandom>(rule.when);
  auto dice = std::make_shared<base::Random>(random.seed);
  auto left = std::make_shared<std::uint64_t>(random.times);
  const auto pause = [dice, random] {
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>{-std::log(1.0 - dice->uniform()) / random.per_second});
  };
  self->delayed_send(self, pause(), Turn{});
  return {[=](const Turn&) {
    chaos->kill(rule.victim, dice->next());
    if (--*left == 0) return self->quit();
    self->delayed_send(self, pause(), Turn{});
  }};
}

}  // namespace weir::actors
