// The order in which actors and blocking work take their turns in a simulated process.
#pragma once

#include "base/random.hpp"
#include "simulation/sim_world.hpp"

#include <caf/fwd.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weir::simulation {

/// Draws who is next: any actor that has mail, or any work that waits in the pool.
class SimSchedule {
public:
  /// What is passed must outlive it.
  SimSchedule(caf::scheduler::test_coordinator& scheduler, SimPool& pool, base::Random& random)
      : scheduler_{scheduler}, pool_{pool}, random_{random} {}

  /// Does one thing that somebody has to do, or lets time pass until there is something; false if
  /// there is nothing, now or later.
  bool step();

  /// Returns what was done so far, a line for each step.
  const std::vector<std::string>& trace() const { return trace_; }

private:
  std::size_t choose(std::size_t jobs, std::size_t choices);
  std::string describe_next() const;

  caf::scheduler::test_coordinator& scheduler_;
  SimPool& pool_;
  base::Random& random_;
  caf::actor_id starving_ = 0;     // 0: nobody
  std::uint64_t starves_for_ = 0;  // more steps
  std::vector<std::string> trace_;
};

}  // namespace weir::simulation
