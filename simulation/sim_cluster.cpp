#include "simulation/sim_cluster.hpp"

#include "actors/cluster/worker_actor.hpp"
#include "base/assert.hpp"
#include "runtime/ha/directory_store.hpp"
#include "simulation/sim_dialer.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir::simulation {
namespace {

constexpr std::uint16_t kWorkerPort = 6200;
const std::string kLeaderStore = "/leader";
constexpr Duration kTryAgain = std::chrono::milliseconds{200};

std::string time_text(Duration now) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6f ", std::chrono::duration<double>{now}.count());
  return text;
}

}  // namespace

SimCluster::SimCluster(SimClusterOptions options)
    : options_{std::move(options)},
      random_{options_.seed},
      factory_{options_.build},
      submission_{.ticket = "submission", .outlives_coordinators = options_.coordinators > 1},
      network_{{.seed = options_.seed,
                .dial_timeout = net::NetworkOptions{}.connect_timeout,
                .keep_trace = options_.keep_trace}} {
  if (has_standbys()) WEIR_ASSERT(disk_.create_directory(kLeaderStore).ok(), "the disk is empty");
  for (const std::string& host : hosts()) start(host);
  begin(kClient);
  connect();
}

SimCluster::~SimCluster() {
  clients_.clear();
  for (const auto& [host, process] : processes_) {
    process->drop_handles();
    if (network_.is_running(host)) network_.kill(host);
  }
}

std::vector<std::string> SimCluster::hosts() const {
  std::vector<std::string> hosts = coordinators();
  for (int i = 0; i < options_.workers; ++i) hosts.push_back(worker(i));
  return hosts;
}

// ---- processes ----------------------------------------------------------------------------------

SimProcess& SimCluster::begin(const std::string& host) {
  const net::NetworkOptions network;
  SimNode& node = network_.start(host, {.wall_offset = wall_offsets_[host],
                                        .heartbeat_interval = network.heartbeat_interval,
                                        .connection_timeout = network.connection_timeout});
  auto& process = processes_[host];
  process.reset();  // a machine that is back has its locks no more
  process = std::make_unique<SimProcess>(
      ++starts_, disk_, options_.shares_locks ? std::string{} : host, local_root(host),
      SimProcessLog{[this](const std::string& line) { note(line); }, host});
  process->services.emplace(
      actors::ClusterServices{{process->env, node.clock(), node.pool(), no_faults_, process->log,
                               process->roster, process->backends, &process->local},
                              factory_,
                              spawn_dialer(node, network.handshake_timeout),
                              node.signs()});
  if (has_standbys()) {
    auto store = runtime::DirectoryStore::open(process->env, kLeaderStore, "sim",
                                               host + "-" + std::to_string(starts_));
    WEIR_ASSERT(store.ok(), "a disk that is reachable has the leader store");
    process->store = std::move(store).value();
  }
  process->local.clean();
  return *process;
}

void SimCluster::start(const std::string& host) {
  const auto names = coordinators();
  if (std::find(names.begin(), names.end(), host) != names.end()) return start_coordinator(host);
  start_worker(host);
}

void SimCluster::start_worker(const std::string& host) {
  SimProcess& process = begin(host);
  SimNode& node = network_.node(host);
  const auto worker = node.system().spawn(
      actors::worker_actor,
      actors::WorkerSpawn{.services = *process.services,
                          .coordinator = coordinator_finder(host),
                          .name = host,
                          .slots = options_.slots,
                          .build = {},
                          .registration = options_.cluster.registration,
                          .seed = random_.next(),
                          .on_end = [this, host](const std::string& why) {
                            processes_.at(host)->log.info("worker ends", {{"reason", why}});
                            defer_for(host, [this, host] {
                              processes_.at(host)->env.end();
                              end_process(host, [&] { network_.exit(host); });
                            });
                          }});
  node.publish(worker, kWorkerPort);
  caf::anon_send(worker, actors::JoinCluster{host, kWorkerPort});
}

/// Calls `fault` after the step that the process is in, unless that has ended by then.
void SimCluster::defer_for(const std::string& host, std::function<void()> fault) {
  network_.defer([this, host, number = processes_.at(host)->number, fault = std::move(fault)] {
    if (!is_running(host) || processes_.at(host)->number != number) return;
    if (hanging_ == host) return defer_for(host, fault);  // it still is in that step
    fault();
  });
}

void SimCluster::end_process(const std::string& host, const std::function<void()>& end) {
  processes_.at(host)->drop_handles();
  end();
}

void SimCluster::kill(const std::string& host) {
  processes_.at(host)->env.end();
  end_process(host, [&] { network_.kill(host); });
}

void SimCluster::power_off(const std::string& host) {
  processes_.at(host)->env.lose_power();
  end_process(host, [&] { network_.power_off(host); });
}

void SimCluster::kill_before_change(const std::string& host, std::uint64_t n) {
  processes_.at(host)->env.before_change(n, [this, host] {
    processes_.at(host)->env.end();
    defer_for(host, [this, host] { kill(host); });
  });
}

void SimCluster::freeze_before_change(const std::string& host, std::uint64_t n, Duration time) {
  processes_.at(host)->env.before_change(n, [this, host, time] {
    if (!hanging_.empty()) return;
    note(host + " is frozen before a change");
    ++hangs_;
    hanging_ = host;
    network_.hang(host, time);
    hanging_.clear();
    note(host + " goes on");
  });
}

void SimCluster::spare(const std::string& host) {
  processes_.at(host)->env.before_change(0, {});
}

void SimCluster::set_disk_reachable(const std::string& host, bool reachable) {
  processes_.at(host)->env.set_reachable(reachable);
}

void SimCluster::set_wall_offset(const std::string& host, Duration offset) {
  wall_offsets_[host] = offset;
  if (is_running(host)) network_.node(host).clock().set_wall_offset(offset);
}

bool SimCluster::kill_actor(const std::string& host, const std::string& name) {
  return processes_.at(host)->roster.kill(name);
}

std::vector<std::string> SimCluster::actors_of(const std::string& host) const {
  const actors::Roster& roster = processes_.at(host)->roster;
  auto names = roster.names();
  std::erase_if(names, [&](const std::string& name) { return !SimNode::lives(roster.find(name)); });
  return names;
}

// ---- the job ------------------------------------------------------------------------------------

void SimCluster::connect() {
  connect_at_.reset();
  if (!clients_.empty()) clients_.back()->end();
  const auto on_trouble = [this](const std::string& why) {
    note(kClient + ": " + why);
    connect_at_ = network_.now() + kTryAgain;
  };
  clients_.push_back(std::make_unique<SimClient>(
      submission_,
      SimClient::Hears{[this](const runtime::JobView& view) { on_view(view); }, on_trouble}));
  SimNode& node = network_.node(kClient);
  clients_.back()->begin(node.system(), processes_.at(kClient)->services->dialer, node.pool(),
                         node.clock(), coordinator_finder(kClient));
}

void SimCluster::on_view(const runtime::JobView& view) {
  if (view.restarts > view_.restarts)
    restarts_ += static_cast<std::uint64_t>(view.restarts - view_.restarts);
  has_checkpoint_ = has_checkpoint_ || view.checkpoints_completed != 0;
  view_ = view;
}

bool SimCluster::step(Duration until) {
  if (connect_at_ && network_.now() >= *connect_at_) connect();
  const Duration next = connect_at_ ? std::min(until, *connect_at_) : until;
  return network_.step(next) || next < until;
}

void SimCluster::run_for(Duration time) {
  const Duration end = network_.now() + time;
  while (!has_ended() && step(end)) {
  }
}

bool SimCluster::finish(Duration limit) {
  run_for(limit);
  return has_ended() && view_.outcome->kind == runtime::JobOutcome::Kind::finished;
}

void SimCluster::note(const std::string& what) {
  log_.push_back(time_text(network_.now()) + what);
}

std::string SimCluster::report() const {
  std::string text = time_text(network_.now()) + std::string{to_string(view_.state)} +
                     " in attempt " + std::to_string(view_.attempt.value()) + ", checkpoints " +
                     std::to_string(view_.checkpoints_completed) + "+" +
                     std::to_string(view_.checkpoints_failed);
  if (view_.outcome) text += ", " + std::string{to_string(view_.outcome->kind)};
  if (!view_.waiting_for.empty()) text += ", " + view_.waiting_for;
  if (!view_.last_failure.empty()) text += "; last failure: " + view_.last_failure;
  return text;
}

}  // namespace weir::simulation
