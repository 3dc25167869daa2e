// What an operator must know about a job that is advised: whether it catches up, and whether the
// goal can be met.
#pragma once

#include "checkpoint/advisor/reckoning.hpp"

#include <vector>

namespace weir::advisor {

/// Appends what is wrong at `choice`, whose bound is not `unmeasured`.
void warn_of_load(const Reckoning& reckoning, const Choice& choice, const Expected& expected,
                  std::vector<Warning>& warnings);

/// Appends why the goal to be caught up in time is not met at `choice`, if it is not, which term
/// breaks it, and what would help.
void warn_of_goal(const Reckoning& reckoning, const Choice& choice, std::vector<Warning>& warnings);

/// Appends that the longest interval is not kept, if it is not.
void warn_of_limits(const Reckoning& reckoning, const Choice& choice,
                    std::vector<Warning>& warnings);

}  // namespace weir::advisor
