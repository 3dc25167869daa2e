// Random faults of a simulated cluster: processes, machines, cables, and the way to the disk. Each
// may strike in the middle of a step, just before a change of the disk. In half of all runs the
// machines' clocks differ by up to two hours, and jump now and then.
#pragma once

#include "base/random.hpp"
#include "simulation/sim_cluster.hpp"
#include "test/support/swarm.hpp"

#include <string>
#include <vector>

namespace weir::test {

/// See the file comment. Says what it does in the cluster's log.
class ClusterChaos {
public:
  ClusterChaos(simulation::SimCluster& cluster, std::uint64_t seed);

  /// So many faults, with some time between them.
  void disturb(std::uint64_t faults);
  /// Cuts all workers off from everybody for longer than any heartbeat timeout. Returns who still
  /// runs subtasks then.
  std::vector<std::string> cut_off_workers();
  /// All processes run, and all cables are whole.
  void repair();

  /// What was done; the cluster knows what came of it.
  Figures figures() const;

private:
  void set_clock(const std::string& host);
  void disturb_once();
  void depose_leader();
  std::string draw_host();
  void befall_process(const std::string& host);
  void befall_cable(const std::string& host, const std::string& other);
  void die(const std::string& host);
  void power_off(const std::string& host);
  void strike_before_change(const std::string& host);
  void kill_actor(const std::string& host);
  void freeze(const std::string& host);
  void cut_disk(const std::string& host);
  void isolate(const std::string& host);
  void slow_down(const std::string& from, const std::string& to);
  std::vector<std::string> everybody() const;
  Duration draw_time(std::uint64_t millis_max);
  void note(const std::string& what) { cluster_.note("chaos: " + what); }

  simulation::SimCluster& cluster_;
  base::Random random_;
  base::Random clocks_;
  bool clocks_differ_;
  Figures figures_;
};

}  // namespace weir::test
