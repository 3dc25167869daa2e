// What a job program does as a part of a cluster.
#pragma once

#include "actors/cluster/job_factory.hpp"
#include "cli/command_line.hpp"

#include <weir/run.hpp>

namespace weir::cli {

/// Runs until it is interrupted. Returns the exit code.
int run_coordinator(const Invocation& invocation, actors::JobFactory& jobs);

/// Runs until the worker has left: SIGTERM and Ctrl-C ask the cluster to do without it, a second
/// one ends it at once.
int run_worker(const Invocation& invocation, actors::JobFactory& jobs);

/// Runs the job on a cluster of processes that it starts for it, `invocation.processes` workers.
int run_processes(Invocation invocation, const Flags& flags, actors::JobFactory& jobs);

/// Submits the job of this program and shows it until it ends, or not, if it is to be detached.
int submit(const Invocation& invocation, const Flags& flags);

}  // namespace weir::cli
