// The coordinators of a SimCluster, in place of CoordinatorProcess and StandbyCoordinator.
#include "actors/cluster/candidate_actor.hpp"
#include "simulation/sim_cluster.hpp"

#include <caf/stateful_actor.hpp>

#include <utility>

namespace weir::simulation {
namespace {

constexpr std::uint16_t kPort = 6123;

}  // namespace

std::vector<std::string> SimCluster::coordinators() const {
  if (!has_standbys()) return {kCoordinator};
  std::vector<std::string> names;
  for (int i = 0; i < options_.coordinators; ++i) names.push_back(coordinator(i));
  return names;
}

actors::CoordinatorOptions SimCluster::coordinator_options(const std::string& host) {
  return {.host = host, .port = kPort, .cluster = options_.cluster, .new_run_id = [this] {
            return "run" + std::to_string(++runs_);
          }};
}

actors::CoordinatorFinder SimCluster::coordinator_finder(const std::string& host) {
  if (has_standbys() && options_.finds_by_store)
    return actors::find_leader(processes_.at(host)->store, "the leader store");
  std::vector<actors::Endpoint> places;
  for (const std::string& name : coordinators()) places.push_back({name, kPort});
  return actors::find_at(std::move(places));
}

void SimCluster::start_coordinator(const std::string& host) {
  SimProcess& process = begin(host);
  if (has_standbys()) return start_candidate(host);
  SimNode& node = network_.node(host);
  node.publish(actors::spawn_master(node.system(), *process.services, coordinator_options(host)),
               kPort);
  connect_at_ = network_.now();
}

void SimCluster::start_candidate(const std::string& host) {
  SimProcess& process = *processes_.at(host);
  SimNode& node = network_.node(host);
  node.system().spawn(
      actors::candidate_actor,
      actors::CandidateSpawn{
          .store = process.store.get(),
          .pool = node.pool(),
          .clock = node.clock(),
          .log = process.log,
          .address = actors::to_string(actors::Endpoint{host, kPort}),
          .times = options_.election,
          .seed = random_.next(),
          .on_granted =
              [this, host, &node](LeaderEpoch epoch) {
                processes_.at(host)->term.epoch = epoch;
                node.pool().submit([this, host, epoch] { lead(host, epoch); });
              },
          .on_lost = [this, host](const std::string& why) { step_down(host, why); }});
}

/// Runs in the pool.
void SimCluster::lead(const std::string& host, LeaderEpoch epoch) {
  SimProcess& process = *processes_.at(host);
  SimNode& node = network_.node(host);
  if (process.term.is_over) return;
  auto master = actors::spawn_leader(
      node.system(), *process.services, coordinator_options(host), *process.store, epoch,
      [this, host](const std::string& why) { step_down(host, why); });
  if (!master.ok())
    return step_down(host, "cannot read the jobs of the cluster: " + master.status().message());
  ++leaderships_;
  process.term.master = std::move(master).value();
  node.publish(process.term.master, kPort);
}

bool SimCluster::leads(const std::string& host) const {
  const auto process = processes_.find(host);
  return process != processes_.end() && process->second->term.master != nullptr;
}

/// Its master, and with it all jobs, end at once; then it stands by like a new process.
void SimCluster::step_down(const std::string& host, const std::string& why) {
  SimProcess& process = *processes_.at(host);
  if (std::exchange(process.term.is_over, true)) return;
  process.log.warn("leads no longer", {{"reason", why}});
  actors::kill_actor(caf::actor_cast<caf::strong_actor_ptr>(process.term.master));
  process.term.master = nullptr;
  // The thread that waits for it takes a while to notice.
  network_.node(host).pool().submit(
      [this, host] { defer_for(host, [this, host] { stand_by_again(host); }); });
}

void SimCluster::stand_by_again(const std::string& host) {
  SimProcess& process = *processes_.at(host);
  ++step_downs_;
  spare(host);
  end_process(host, [&] { network_.exit(host); });
  process.store->resign(process.term.epoch);
  process.env.end();
  start(host);
}

}  // namespace weir::simulation
