// Everything for testing jobs: a simulated cluster, a harness for one operator, a source and a sink
// with oracles.
#pragma once

#include <weir/testing/cluster.hpp>
#include <weir/testing/harness.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
