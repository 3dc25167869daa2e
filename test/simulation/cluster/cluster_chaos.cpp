#include "test/simulation/cluster/cluster_chaos.hpp"

namespace weir::test {
namespace {

constexpr std::uint64_t kPauseMillisMax = 1500;
constexpr std::uint64_t kStallMillisMax = 3000;
constexpr std::uint64_t kChangesMax = 20;  // of the disk, before a process dies

}  // namespace

void ClusterChaos::disturb(std::uint64_t faults) {
  for (; faults != 0 && !cluster_.has_ended(); --faults) {
    cluster_.run_for(std::chrono::milliseconds{random_.below(kPauseMillisMax)});
    disturb_once();
  }
}

void ClusterChaos::repair() {
  note("repair");
  const auto hosts = cluster_.hosts();
  for (const std::string& host : hosts) {
    cluster_.network().wake(host);
    if (!cluster_.is_running(host)) cluster_.start(host);
    cluster_.kill_before_change(host, 0);
    for (const std::string& other : hosts)
      if (other != host) cluster_.network().heal(host, other);
  }
}

void ClusterChaos::disturb_once() {
  const auto hosts = cluster_.hosts();
  const std::size_t at = random_.below(hosts.size());
  if (!cluster_.is_running(hosts[at])) {
    note("start " + hosts[at]);
    return cluster_.start(hosts[at]);
  }
  if (cluster_.network().is_frozen(hosts[at]) && random_.chance(0.7)) {
    note("wake " + hosts[at]);
    return cluster_.network().wake(hosts[at]);
  }
  if (random_.chance(0.5)) return befall_process(hosts[at]);
  befall_cable(hosts[at], hosts[(at + 1 + random_.below(hosts.size() - 1)) % hosts.size()]);
}

void ClusterChaos::befall_process(const std::string& host) {
  switch (random_.below(6)) {
    case 0: return die(host);
    case 1:
      note("power off " + host);
      ++deaths_;
      return cluster_.power_off(host);
    case 2: {
      const std::uint64_t changes = 1 + random_.below(kChangesMax);
      note("kill " + host + " before change " + std::to_string(changes));
      ++deaths_;
      return cluster_.kill_before_change(host, changes);
    }
    case 3: return kill_actor(host);
    default: note("freeze " + host); return cluster_.network().freeze(host);
  }
}

void ClusterChaos::die(const std::string& host) {
  note("kill " + host);
  ++deaths_;
  cluster_.kill(host);
  if (random_.chance(0.5)) cluster_.start(host);
}

void ClusterChaos::kill_actor(const std::string& host) {
  const auto names = cluster_.actors_of(host);
  if (names.empty()) return;
  const std::string& name = names[random_.below(names.size())];
  note("kill " + name + " on " + host);
  if (cluster_.kill_actor(host, name)) ++kills_;
}

void ClusterChaos::befall_cable(const std::string& host, const std::string& other) {
  simulation::SimNetwork& network = cluster_.network();
  const std::string both = host + " and " + other;
  switch (random_.below(6)) {
    case 0: note("partition " + both); return network.partition(host, other);
    case 1: note("cut from " + both); return network.cut(host, other);
    case 2:
    case 3: note("heal " + both); return network.heal_partition(host, other);
    case 4: note("reset " + both); return network.reset(host, other);
    default:
      note("stall from " + both);
      return network.stall(host, other, std::chrono::milliseconds{random_.below(kStallMillisMax)});
  }
}

}  // namespace weir::test
