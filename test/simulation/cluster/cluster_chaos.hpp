// Random faults of a simulated cluster: processes, machines, cables.
#pragma once

#include "base/random.hpp"
#include "simulation/sim_cluster.hpp"

#include <string>
#include <vector>

namespace weir::test {

/// See the file comment. Says what it does in the cluster's log.
class ClusterChaos {
public:
  ClusterChaos(simulation::SimCluster& cluster, std::uint64_t seed)
      : cluster_{cluster}, random_{seed} {}

  /// So many faults, with some time between them.
  void disturb(std::uint64_t faults);
  /// All processes run, and all cables are whole.
  void repair();

  std::uint64_t deaths() const { return deaths_; }  // of processes and machines
  std::uint64_t kills() const { return kills_; }    // of actors

private:
  void disturb_once();
  void befall_process(const std::string& host);
  void befall_cable(const std::string& host, const std::string& other);
  void die(const std::string& host);
  void kill_actor(const std::string& host);
  void note(const std::string& what) { cluster_.note("chaos: " + what); }

  simulation::SimCluster& cluster_;
  base::Random random_;
  std::uint64_t deaths_ = 0;
  std::uint64_t kills_ = 0;
};

}  // namespace weir::test
