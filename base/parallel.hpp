// Doing the parts of one piece of blocking work at the same time.
#pragma once

#include "base/blocking_pool.hpp"

#include <weir/result.hpp>

#include <cstddef>
#include <functional>

namespace weir::base {

/// Calls `work(i)` once for each i below `n`, beginning in this order: on the caller's thread and
/// on those that `pool` can spare. Without a pool, or with one that spares none, it is a loop.
/// After a failure nothing more is begun. Returns when all that was begun has ended, with the
/// failure of the smallest i; what `work` has thrown is thrown here.
Status for_each_parallel(BlockingPool* pool, std::size_t n,
                         const std::function<Status(std::size_t i)>& work);

}  // namespace weir::base
