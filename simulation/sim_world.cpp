#include "simulation/sim_world.hpp"

#include "simulation/sim_env.hpp"

#include <utility>

namespace weir::simulation {

void SimPool::run(std::size_t index) {
  const auto at = waiting_.begin() + static_cast<std::ptrdiff_t>(index);
  const auto work = std::move(*at);
  waiting_.erase(at);
  try {
    work();
  } catch (const WriteHangs&) {
  }
}

base::Fate SimFaults::fate_of(std::string_view message) {
  if (!random_.chance(disturbed_)) return base::Fate::deliver;
  switch (random_.below(3)) {
    case 0: return base::Fate::drop;
    case 1: return base::Fate::duplicate;
    // A trigger must not be overtaken by the splits that are assigned after it.
    default: return message == "Trigger" ? base::Fate::drop : base::Fate::delay;
  }
}

}  // namespace weir::simulation
