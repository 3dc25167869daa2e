#include "test/simulation/cluster/cluster_chaos.hpp"

namespace weir::test {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kPauseMillisMax = 1500;
constexpr std::uint64_t kStallMillisMax = 3000;
constexpr std::uint64_t kHangMillisMax = 3000;
constexpr std::uint64_t kDelayMillisMax = 300;  // of each segment on a slow cable
constexpr std::uint64_t kChangesMax = 20;       // of the disk, before something strikes
constexpr double kTheLeader = 0.25;             // chance that it is the leader's turn
constexpr double kAtOnce = 0.3;   // chance that a coordinator is struck before there is a leader
constexpr double kDeposed = 0.1;  // chance that the leader wakes just after another is there
constexpr std::uint64_t kDeposedMillis = 600;  // for so long at least it is frozen then
constexpr milliseconds kCutOff{1500};
constexpr double kSkewed = 0.5;                      // chance that clocks differ
constexpr double kJumps = 0.1;                       // chance of a jump with each fault then
constexpr std::uint64_t kSkewMillisMax = 3'600'000;  // ahead or behind

}  // namespace

ClusterChaos::ClusterChaos(simulation::SimCluster& cluster, std::uint64_t seed)
    : cluster_{cluster}, random_{seed}, clocks_{~seed}, clocks_differ_{clocks_.chance(kSkewed)} {
  if (!clocks_differ_) return;
  for (const std::string& host : everybody()) set_clock(host);
}

void ClusterChaos::set_clock(const std::string& host) {
  const milliseconds ahead{clocks_.below(2 * kSkewMillisMax + 1)};
  const milliseconds offset = ahead - milliseconds{kSkewMillisMax};
  note("the clock of " + host + " is ahead by " + std::to_string(offset.count()) + " ms");
  cluster_.set_wall_offset(host, offset);
}

void ClusterChaos::disturb(std::uint64_t faults) {
  if (random_.chance(kAtOnce)) {
    const auto coordinators = cluster_.coordinators();
    strike_before_change(coordinators[random_.below(coordinators.size())]);
  }
  for (; faults != 0 && !cluster_.has_ended(); --faults) {
    cluster_.run_for(draw_time(kPauseMillisMax));
    if (clocks_differ_ && clocks_.chance(kJumps)) {
      const auto hosts = everybody();
      set_clock(hosts[clocks_.below(hosts.size())]);
    }
    disturb_once();
  }
}

Figures ClusterChaos::figures() const {
  Figures all = figures_;
  all.freezes += cluster_.hangs();
  if (cluster_.leaderships() > 1) all.losses = cluster_.leaderships() - 1;
  all.restarts = cluster_.restarts();
  return all;
}

void ClusterChaos::repair() {
  note("repair");
  for (const std::string& host : cluster_.hosts()) cluster_.spare(host);
  cluster_.network().run_for(milliseconds{1});  // whoever was struck already dies now
  for (const std::string& host : everybody()) {
    for (const std::string& other : everybody()) {
      if (other == host) continue;
      cluster_.network().heal(host, other);
      const simulation::Cable fast;
      simulation::Cable& cable = cluster_.network().cable(host, other);
      cable.delay_min = fast.delay_min;
      cable.delay_max = fast.delay_max;
    }
  }
  for (const std::string& host : cluster_.hosts()) {
    cluster_.network().wake(host);
    if (!cluster_.is_running(host)) cluster_.start(host);
    cluster_.set_disk_reachable(host, true);
  }
}

/// What a leader does when it wakes must not count; it does the most harm where the next one has
/// only begun and is then thrown back.
void ClusterChaos::depose_leader() {
  for (const std::string& host : cluster_.coordinators()) {
    if (!cluster_.leads(host) || cluster_.network().is_frozen(host)) continue;
    const std::uint64_t changes = 1 + random_.below(kChangesMax);
    const Duration time = milliseconds{kDeposedMillis} + draw_time(1000);
    note("depose " + host + " before change " + std::to_string(changes));
    cluster_.freeze_before_change(host, changes, time);
    const std::uint64_t hangs = cluster_.hangs();
    for (int i = 0; i < 50 && cluster_.hangs() == hangs; ++i) cluster_.run_for(milliseconds{20});
    cluster_.run_for(draw_time(300));
    const std::string victim = draw_host();
    if (cluster_.is_running(victim)) die(victim);
    return;
  }
}

std::vector<std::string> ClusterChaos::cut_off_workers() {
  note("cut off all workers");
  auto workers = cluster_.hosts();
  for (const std::string& coordinator : cluster_.coordinators()) std::erase(workers, coordinator);
  std::erase_if(workers, [&](const std::string& host) { return !cluster_.is_running(host); });
  for (const std::string& worker : workers) {
    cluster_.spare(worker);
    cluster_.network().wake(worker);
    isolate(worker);
  }
  cluster_.network().run_for(kCutOff);
  std::erase_if(workers, [&](const std::string& host) {
    return !cluster_.is_running(host) || cluster_.actors_of(host).empty();
  });
  return workers;
}

void ClusterChaos::disturb_once() {
  if (random_.chance(kDeposed)) return depose_leader();
  const std::string host = draw_host();
  if (!cluster_.is_running(host)) {
    note("start " + host);
    return cluster_.start(host);
  }
  if (cluster_.network().is_frozen(host) && random_.chance(0.7)) {
    note("wake " + host);
    return cluster_.network().wake(host);
  }
  if (random_.chance(0.6)) return befall_process(host);
  auto others = everybody();
  std::erase(others, host);
  befall_cable(host, others[random_.below(others.size())]);
}

std::string ClusterChaos::draw_host() {
  const auto hosts = cluster_.hosts();
  for (const std::string& host : hosts)
    if (cluster_.leads(host) && random_.chance(kTheLeader)) return host;
  return hosts[random_.below(hosts.size())];
}

void ClusterChaos::befall_process(const std::string& host) {
  switch (random_.below(10)) {
    case 0:
    case 1: return die(host);
    case 2: return power_off(host);
    case 3:
    case 4: return strike_before_change(host);
    case 5: return kill_actor(host);
    case 6: return cut_disk(host);
    case 7: return isolate(host);
    default: return freeze(host);
  }
}

void ClusterChaos::die(const std::string& host) {
  note("kill " + host);
  ++figures_.deaths;
  cluster_.kill(host);
  if (random_.chance(0.5)) cluster_.start(host);
}

void ClusterChaos::power_off(const std::string& host) {
  note("power off " + host);
  ++figures_.deaths;
  cluster_.power_off(host);
}

void ClusterChaos::strike_before_change(const std::string& host) {
  const std::uint64_t changes = 1 + random_.below(kChangesMax);
  const std::string when = host + " before change " + std::to_string(changes);
  if (random_.chance(0.5)) {
    note("kill " + when);
    ++figures_.deaths;
    return cluster_.kill_before_change(host, changes);
  }
  note("freeze " + when);
  cluster_.freeze_before_change(host, changes, draw_time(kHangMillisMax));
}

void ClusterChaos::kill_actor(const std::string& host) {
  const auto names = cluster_.actors_of(host);
  if (names.empty()) return;
  const std::string& name = names[random_.below(names.size())];
  note("kill " + name + " on " + host);
  if (cluster_.kill_actor(host, name)) ++figures_.kills;
}

void ClusterChaos::freeze(const std::string& host) {
  note("freeze " + host);
  ++figures_.freezes;
  cluster_.network().freeze(host);
}

/// A while, or until the repair. Not before there is a checkpoint: a job whose first execution
/// cannot be prepared fails, as it should.
void ClusterChaos::cut_disk(const std::string& host) {
  const bool cut = random_.chance(0.5) && cluster_.has_checkpoint();
  note((cut ? "cut the disk from " : "give the disk back to ") + host);
  if (cut) ++figures_.cuts;
  cluster_.set_disk_reachable(host, !cut);
}

void ClusterChaos::isolate(const std::string& host) {
  note("isolate " + host);
  ++figures_.cuts;
  for (const std::string& other : everybody())
    if (other != host) cluster_.network().partition(host, other);
}

void ClusterChaos::befall_cable(const std::string& host, const std::string& other) {
  simulation::SimNetwork& network = cluster_.network();
  const std::string both = host + " and " + other;
  switch (random_.below(7)) {
    case 0:
      note("partition " + both);
      ++figures_.cuts;
      return network.partition(host, other);
    case 1:
      note("cut from " + both);
      ++figures_.cuts;
      return network.cut(host, other);
    case 2:
    case 3: note("heal " + both); return network.heal_partition(host, other);
    case 4: note("reset " + both); return network.reset(host, other);
    case 5: return slow_down(host, other);
    default:
      note("stall from " + both);
      return network.stall(host, other, draw_time(kStallMillisMax));
  }
}

void ClusterChaos::slow_down(const std::string& from, const std::string& to) {
  note("slow down from " + from + " to " + to);
  cluster_.network().cable(from, to).delay_max = milliseconds{1} + draw_time(kDelayMillisMax);
}

std::vector<std::string> ClusterChaos::everybody() const {
  auto hosts = cluster_.hosts();
  hosts.push_back(simulation::SimCluster::kClient);
  return hosts;
}

Duration ClusterChaos::draw_time(std::uint64_t millis_max) {
  return milliseconds{random_.below(millis_max)};
}

}  // namespace weir::test
