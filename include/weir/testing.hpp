// Everything for testing jobs: a simulated cluster, a source and a sink with oracles.
#pragma once

#include <weir/testing/cluster.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>
