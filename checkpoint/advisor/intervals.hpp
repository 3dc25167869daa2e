// Which interval between checkpoints is best, and between which bounds it must lie. Each function
// reads only the fields of the model that its formula names; see model.hpp for errors.
//
// Young's and the load-aware interval are of first order: whether T counts from trigger to trigger
// or leaves out the cost C makes no difference to them. Daly's and the exact ones are the time
// *between* two checkpoints: from trigger to trigger they are C longer.
#pragma once

#include "checkpoint/advisor/model.hpp"

namespace weir::advisor {

/// Returns sqrt(2 C M): the interval with the least waste if C is much shorter than M and what was
/// lost is replayed as slowly as it came. (Young, 1974.)
Result<Seconds> young_interval(const Model& model);

/// Returns sqrt(2 C M) (1 + sqrt(C/2M)/3 + (C/2M)/9) - C for C < 2 M, else M: right to a higher
/// order. (Daly, 2006, equation 37.)
Result<Seconds> daly_interval(const Model& model);

/// Returns sqrt(2 C M / rho), which has the least `waste`: Young's, when what was lost is replayed
/// faster than it came. `kNever` if rho is 0, as a rollback costs nothing then.
Result<Seconds> load_aware_interval(const Model& model);

/// Returns M (1 + W0(-e^-(1 + C/M))): exact for exponential failures that may also meet
/// checkpoints, restarts and replay; independent of R0. (Daly, 2006, in closed form.)
Result<Seconds> exact_interval(const Model& model);

/// Returns the same with M / rho for M, which has the least `exact_waste`. `kNever` if rho is 0.
Result<Seconds> exact_interval_under_load(const Model& model);

/// Returns the largest interval at which `catch_up_time` is at most `limit`, L > 0:
/// 2 ((L - R0) (1 - rho)/rho - D - R0). 0 if no interval is short enough; `kNever` if every one is,
/// which takes a load of 0.
Result<Seconds> longest_to_catch_up(const Model& model, Seconds limit);

/// Returns the smallest interval at which checkpoints are taken one at a time and `pause` >= 0 lies
/// between them: D + pause.
Result<Seconds> shortest_possible(const Model& model, Seconds pause);

/// Returns the interval of incremental checkpoints, sqrt(2 C0 M / rho): as long as less than the
/// whole state changes within it, what is uploaded per second does not depend on the interval, and
/// only `fixed_cost`, C0 >= 0, is saved by a longer one: barrier, flush, metadata, files.
Result<Seconds> incremental_interval(const Model& model, Seconds fixed_cost);

}  // namespace weir::advisor
