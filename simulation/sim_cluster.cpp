#include "simulation/sim_cluster.hpp"

#include "actors/cluster/master_actor.hpp"
#include "actors/cluster/worker_actor.hpp"
#include "base/assert.hpp"
#include "simulation/sim_dialer.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir::simulation {
namespace {

const std::string kClient = "client";
constexpr std::uint16_t kCoordinatorPort = 6123;
constexpr std::uint16_t kWorkerPort = 6200;
constexpr Duration kTryAgain = std::chrono::milliseconds{200};

std::string time_text(Duration now) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6f ", std::chrono::duration<double>{now}.count());
  return text;
}

template <class Handle>
void publish(SimNode& node, const Handle& actor, std::uint16_t port) {
  caf::anon_send(node.system().middleman().actor_handle(), caf::publish_atom_v, port,
                 caf::actor_cast<caf::strong_actor_ptr>(actor), node.system().message_types(actor),
                 std::string{}, false);
}

actors::CoordinatorFinder coordinator_place() {
  return actors::find_at({{SimCluster::kCoordinator, kCoordinatorPort}});
}

}  // namespace

/// Every process builds the job for itself.
class SimCluster::Factory final : public actors::JobFactory {
public:
  explicit Factory(std::function<Job()> build) : build_{std::move(build)} {}
  Result<Job> build(const actors::JobSpec&) override { return build_(); }

private:
  std::function<Job()> build_;
};

class SimCluster::ProcessLog final : public base::Logger {
public:
  ProcessLog(SimCluster& cluster, std::string host) : cluster_{cluster}, host_{std::move(host)} {}

  void write(base::LogLevel, std::string_view message, Fields fields) override {
    cluster_.note(host_ + ": " + base::format_log_line(message, fields));
  }

private:
  SimCluster& cluster_;
  std::string host_;
};

/// What the actors of a process use besides its SimNode; outlives that.
struct SimCluster::Process {
  Process(SimCluster& cluster, const std::string& host, std::uint64_t n)
      : number{n}, env{cluster.disk_}, log{cluster, host} {}

  std::uint64_t number;  // no other process has it
  ProcessEnv env;
  ProcessLog log;
  actors::Roster roster;
  std::optional<actors::ClusterServices> services = {};
};

/// Watches the job, or submits it if the coordinator does not have it.
class SimCluster::Client final : public actors::ClientObserver {
public:
  Client(SimCluster& cluster, SimNode& node, const net::Dialer& dialer) : cluster_{cluster} {
    actor_ = node.system().spawn(
        actors::client_actor,
        actors::ClientSpawn{
            dialer, node.pool(), node.clock(), coordinator_place(),
            [this](actors::ClientActor::pointer self, const actors::MasterActor& master) {
              master_ = master;
              self->send(master, actors::ListJobs{actors::ClientActor{self}});
            },
            this});
  }
  /// Nothing more is heard of it.
  void end() {
    actors::kill_actor(caf::actor_cast<caf::strong_actor_ptr>(actor_));
    actor_ = nullptr;
    master_ = nullptr;
    is_over_ = true;
  }

  void on_overview(const actors::ClusterOverview& overview) override {
    if (is_over_) return;
    for (const actors::JobSummary& job : overview.jobs) {
      const auto& outcome = job.view.outcome;
      if (outcome && outcome->kind != runtime::JobOutcome::Kind::finished) continue;
      return caf::anon_send(master_, actors::WatchJob{job.id, actor_});
    }
    caf::anon_send(master_,
                   actors::SubmitJob{{},
                                     {.from = runtime::RestoreRequest::From::latest},
                                     "submission " + std::to_string(++cluster_.submissions_),
                                     actor_});
  }
  void on_rejected(const actors::RequestRejected& rejected) override { again(rejected.reason); }
  void on_disconnected(const std::string& why) override { again(why); }
  void on_changed(const actors::JobChanged& changed) override {
    if (!is_over_) cluster_.on_view(changed.view);
  }

private:
  void again(const std::string& why) {
    if (is_over_) return;
    cluster_.note(kClient + ": " + why);
    cluster_.connect_at_ = cluster_.network_.now() + kTryAgain;
  }

  SimCluster& cluster_;
  actors::ClientActor actor_;
  actors::MasterActor master_;
  bool is_over_ = false;
};

SimCluster::SimCluster(SimClusterOptions options)
    : options_{std::move(options)},
      random_{options_.seed},
      factory_{std::make_unique<Factory>(options_.build)},
      network_{{.seed = options_.seed,
                .dial_timeout = net::NetworkOptions{}.connect_timeout,
                .keep_trace = options_.keep_trace}} {
  for (const std::string& host : hosts()) start(host);
  begin(kClient);
  connect();
}

SimCluster::~SimCluster() {
  clients_.clear();
  for (const auto& [host, process] : processes_) {
    process->roster.close();
    if (network_.is_running(host)) network_.kill(host);
  }
}

std::vector<std::string> SimCluster::hosts() const {
  std::vector<std::string> hosts{kCoordinator};
  for (int i = 0; i < options_.workers; ++i) hosts.push_back(worker(i));
  return hosts;
}

// ---- processes ----------------------------------------------------------------------------------

SimCluster::Process& SimCluster::begin(const std::string& host) {
  const net::NetworkOptions network;
  SimNode& node = network_.start(host, {.heartbeat_interval = network.heartbeat_interval,
                                        .connection_timeout = network.connection_timeout});
  auto& process = processes_[host];
  process = std::make_unique<Process>(*this, host, ++starts_);
  process->services.emplace(actors::ClusterServices{
      {process->env, node.clock(), node.pool(), no_faults_, process->log, process->roster},
      *factory_,
      spawn_dialer(node, network.handshake_timeout)});
  return *process;
}

void SimCluster::start(const std::string& host) {
  if (host == kCoordinator) return start_coordinator();
  start_worker(host);
}

void SimCluster::start_coordinator() {
  Process& process = begin(kCoordinator);
  SimNode& node = network_.node(kCoordinator);
  const runtime::ClusterOptions& cluster = options_.cluster;
  const auto master = node.system().spawn(
      actors::master_actor,
      actors::MasterSpawn{
          .services = *process.services,
          .members = {.heartbeat = cluster.heartbeat, .protocol = actors::kProtocolVersion},
          .slots = {.request_timeout = cluster.slot_request_timeout, .spread = cluster.spread},
          .new_run_id = [this] { return "run" + std::to_string(++runs_); }});
  publish(node, master, kCoordinatorPort);
  connect_at_ = network_.now();
}

void SimCluster::start_worker(const std::string& host) {
  Process& process = begin(host);
  SimNode& node = network_.node(host);
  const auto worker = node.system().spawn(
      actors::worker_actor,
      actors::WorkerSpawn{.services = *process.services,
                          .coordinator = coordinator_place(),
                          .name = host,
                          .slots = options_.slots,
                          .build = {},
                          .registration = options_.cluster.registration,
                          .seed = random_.next(),
                          .on_end = [this, host, number = process.number](const std::string& why) {
                            processes_.at(host)->log.info("worker ends", {{"reason", why}});
                            defer_end(host, number, [this, host] { network_.exit(host); });
                          }});
  publish(node, worker, kWorkerPort);
  caf::anon_send(worker, actors::JoinCluster{host, kWorkerPort});
}

/// Ends a process after the step that it is in, unless it has ended by then.
void SimCluster::defer_end(const std::string& host, std::uint64_t number,
                           std::function<void()> end) {
  network_.defer([this, host, number, end = std::move(end)] {
    if (is_running(host) && processes_.at(host)->number == number) end_process(host, end);
  });
}

void SimCluster::end_process(const std::string& host, const std::function<void()>& end) {
  Process& process = *processes_.at(host);
  process.env.end();
  process.services.reset();
  process.roster.close();
  end();
}

void SimCluster::kill(const std::string& host) {
  end_process(host, [&] { network_.kill(host); });
}

void SimCluster::power_off(const std::string& host) {
  end_process(host, [&] { network_.power_off(host); });
}

void SimCluster::kill_before_change(const std::string& host, std::uint64_t n) {
  Process& process = *processes_.at(host);
  process.env.end_before_change(n, [this, host, number = process.number] {
    defer_end(host, number, [this, host] { network_.kill(host); });
  });
}

bool SimCluster::kill_actor(const std::string& host, const std::string& name) {
  return processes_.at(host)->roster.kill(name);
}

std::vector<std::string> SimCluster::actors_of(const std::string& host) const {
  return processes_.at(host)->roster.names();
}

// ---- the job ------------------------------------------------------------------------------------

void SimCluster::connect() {
  connect_at_.reset();
  if (!clients_.empty()) clients_.back()->end();
  clients_.push_back(std::make_unique<Client>(*this, network_.node(kClient),
                                              processes_.at(kClient)->services->dialer));
}

void SimCluster::on_view(const runtime::JobView& view) {
  if (view.restarts > view_.restarts)
    restarts_ += static_cast<std::uint64_t>(view.restarts - view_.restarts);
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
