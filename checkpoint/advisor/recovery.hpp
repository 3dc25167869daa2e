// What a failure costs at a given interval between checkpoints. Failures come at any moment with
// the same probability, independent of each other.
//
// `interval`, T, is the time from one trigger to the next, above 0. See model.hpp for errors.
#pragma once

#include "checkpoint/advisor/model.hpp"

namespace weir::advisor {

/// Returns how far a failure throws the job back on average: T/2 + D. A checkpoint that still runs
/// when the job fails does not count, hence D.
Result<Seconds> mean_rollback(const Model& model, Seconds interval);

/// Returns how far it throws it back at worst: T + D, right before the next one completes.
Result<Seconds> worst_rollback(const Model& model, Seconds interval);

/// Returns the exact mean of the time from the last trigger to a failure, given that one comes
/// within the interval: M - T / (e^(T/M) - 1) = T/2 - T^2 / (12 M) + ... Reads M. (Daly, "A higher
/// order estimate of the optimum checkpoint interval for restart dumps", 2006.)
Result<Seconds> mean_failure_position(const Model& model, Seconds interval);

/// Returns the mean time from a failure until the job is again where it failed: R0 + rho (T/2 + D).
/// What took a second to arrive is replayed at full speed, in rho seconds.
Result<Seconds> reach_time(const Model& model, Seconds interval);

/// Returns the mean time from a failure until no input waits any more:
/// R0 + (T/2 + D + R0) rho / (1 - rho); `kNever` if rho >= 1.
Result<Seconds> catch_up_time(const Model& model, Seconds interval);

/// Returns the share of time that checkpoints and failures take, to first order in T/M:
/// W(T) = C/T + (rho (T/2 + D) + R0) / M. Above 1 it means that there is no progress. (Young, "A
/// first order approximation to the optimum checkpoint interval", 1974, with replay at rho.)
Result<double> waste(const Model& model, Seconds interval);

/// Returns the same share exactly, for checkpoints that stop the job while they are taken (D = C),
/// `work` seconds after each other, and failures at any time, during a restart too:
/// 1 - rho T / (M e^(R0/M) (e^(rho (T + C)/M) - 1)). With rho = 1 this is Daly's.
Result<double> exact_waste(const Model& model, Seconds work);

/// Returns how long the output of a two-phase-commit sink waits on average until it is visible:
/// T/2 + D. Records are committed when the checkpoint behind them is complete.
Result<Seconds> mean_visibility(const Model& model, Seconds interval);

/// Returns how long it waits at most: T + D.
Result<Seconds> worst_visibility(const Model& model, Seconds interval);

}  // namespace weir::advisor
