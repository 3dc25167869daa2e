// Services: the seams through which actors reach the outside. One set per node; they outlive all of
// its actors.
#pragma once

#include "actors/roster.hpp"
#include "base/blocking_pool.hpp"
#include "base/fault_points.hpp"
#include "base/log.hpp"
#include "checkpoint/local_directory.hpp"
#include "runtime/task/state_backends.hpp"

#include <weir/clock.hpp>
#include <weir/env.hpp>

namespace weir::actors {

struct Services {
  Env& env;  // of sources and sinks
  const Clock& clock;
  base::BlockingPool& pool;
  base::FaultPoints& faults;
  base::Logger& log;
  Roster& roster;
  runtime::StateBackends& backends;
  checkpoint::LocalDirectory* local = nullptr;  // for copies of state; null: none are kept
};

}  // namespace weir::actors
