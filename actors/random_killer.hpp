// Kills parts of the job at random moments, as a chaos rule says.
#pragma once

#include "actors/chaos_controller.hpp"

#include <weir/chaos.hpp>

#include <caf/event_based_actor.hpp>

namespace weir::actors {

/// An actor that carries out `rule`, whose `when` is an AtRandom, as a Poisson process: the pauses
/// between kills are exponentially distributed. It ends after the last kill. `chaos` must outlive
/// it.
caf::behavior random_killer(caf::event_based_actor* self, ChaosController* chaos, ChaosRule rule);

}  // namespace weir::actors
