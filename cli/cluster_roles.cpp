#include "cli/cluster_roles.hpp"

#include "actors/cluster/coordinator_process.hpp"
#include "actors/cluster/remote_cluster.hpp"
#include "actors/cluster/worker_process.hpp"
#include "actors/net/security_keys.hpp"
#include "cli/endpoint.hpp"
#include "cli/flag_values.hpp"
#include "cli/follow.hpp"
#include "cli/interrupts.hpp"
#include "cli/run_id.hpp"

#include <unistd.h>

#include <cstdio>
#include <utility>

namespace weir::cli {
namespace {

constexpr int kSocketPatience = 3;  // as long as the longest deadline of a heartbeat
constexpr Duration kPoll = std::chrono::milliseconds{100};  // how soon an interrupt is seen

/// Options of a process of a cluster.
struct ClusterSettings {
  runtime::ClusterOptions cluster = {};
  net::NetworkOptions network = {};
};

Result<ClusterSettings> cluster_settings(const Invocation& invocation) {
  ClusterSettings result;
  auto settings = settings_of(invocation);
  if (!settings.ok()) return settings.status();
  net::Security& security = result.network.security;
  for (const actors::Setting& setting : *settings) {
    const Status status = net::is_security_key(setting.key)
                              ? net::set_security(security, setting.key, setting.value)
                              : runtime::set_option(result.cluster, setting.key, setting.value);
    if (!status.ok()) return status.with_context(setting.place);
  }
  if (Status status = runtime::validate(result.cluster); !status.ok()) return status;
  if (invocation.insecure) security.mode = net::Security::Mode::insecure;
  using std::chrono::milliseconds;
  const auto& heartbeat = result.cluster.heartbeat;
  // Who is lost is decided by the actors' own heartbeats. Sockets only must not stay for ever.
  result.network.connection_timeout =
      std::chrono::duration_cast<milliseconds>(kSocketPatience * heartbeat.timeout);
  return result;
}

std::string program_text() {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  return length <= 0 ? "unknown program" : std::string{path, static_cast<std::size_t>(length)};
}

}  // namespace

int run_coordinator(const Invocation& invocation, actors::JobFactory& jobs) {
  const Interrupts interrupts;
  const auto log = base::make_stderr_logger(invocation.log_level);
  auto settings = cluster_settings(invocation);
  if (!settings.ok()) return end_with(kUsage, settings.status().message());
  auto endpoint = parse_endpoint("--listen", invocation.listen);
  if (!endpoint.ok()) return end_with(kUsage, endpoint.status().message());
  auto coordinator = actors::CoordinatorProcess::start(
      {.host = endpoint->host,
       .port = endpoint->port,
       .cluster = settings->cluster,
       .process = {.network = settings->network, .threads = invocation.threads},
       .new_run_id = new_run_id},
      jobs, Env::posix(), *log);
  if (!coordinator.ok())
    return end_with(exit_code_of(coordinator.status()), coordinator.status().message());
  std::fprintf(stderr, "coordinator listens on %s\n",
               format({endpoint->host, (*coordinator)->port()}).c_str());
  while (interrupts.count() == 0) interrupts.wait(kPoll);
  return end_with(kFinished, "coordinator ends");
}

int run_worker(const Invocation& invocation, actors::JobFactory& jobs) {
  const Interrupts interrupts;
  const auto log = base::make_stderr_logger(invocation.log_level);
  auto settings = cluster_settings(invocation);
  if (!settings.ok()) return end_with(kUsage, settings.status().message());
  auto master = parse_endpoint("--join", invocation.join);
  if (!master.ok()) return end_with(kUsage, master.status().message());
  auto endpoint = parse_endpoint("--listen", invocation.listen);
  if (!endpoint.ok()) return end_with(kUsage, endpoint.status().message());
  const std::string unique = new_run_id();
  auto worker = actors::WorkerProcess::start(
      {.master_host = master->host,
       .master_port = master->port,
       .host = endpoint->host,
       .port = endpoint->port,
       .name = invocation.name.empty() ? "worker-" + std::to_string(::getpid()) : invocation.name,
       .slots = invocation.slots.value_or(settings->cluster.slots),
       .build = program_text(),
       .registration = settings->cluster.registration,
       .seed = hash_bytes(unique.data(), unique.size()),
       .process = {.network = settings->network, .threads = invocation.threads}},
      jobs, Env::posix(), *log);
  if (!worker.ok()) return end_with(exit_code_of(worker.status()), worker.status().message());
  std::fprintf(stderr, "worker listens on %s\n",
               format({endpoint->host, (*worker)->port()}).c_str());
  int obeyed = 0;
  while (true) {
    if (const auto reason = (*worker)->wait_for_end(kPoll)) {
      if (reason->empty()) return end_with(kFinished, "worker has left the cluster");
      return end_with(kFailed, *reason);
    }
    const int count = interrupts.count();
    if (count == obeyed) continue;
    if (count > 1) return end_with(kInterrupted, "worker ends at once");
    std::fputs("worker leaves the cluster; interrupt again to end at once\n", stderr);
    (*worker)->leave();
    obeyed = count;
  }
}

int submit(const Invocation& invocation, const Flags& flags) {
  const auto log = base::make_stderr_logger(invocation.log_level);
  auto endpoint = parse_endpoint("--to", invocation.to);
  if (!endpoint.ok()) return end_with(kUsage, endpoint.status().message());
  auto settings = settings_of(invocation);
  if (!settings.ok()) return end_with(kUsage, settings.status().message());
  net::NetworkOptions network;
  actors::JobSpec spec{
      .flags = values_of(flags), .settings = {}, .parallelism = invocation.parallelism};
  for (actors::Setting& setting : *settings) {
    if (!net::is_security_key(setting.key)) {
      spec.settings.push_back(std::move(setting));
      continue;
    }
    if (Status status = net::set_security(network.security, setting.key, setting.value);
        !status.ok())
      return end_with(kUsage, status.with_context(setting.place).message());
  }
  if (invocation.insecure) network.security.mode = net::Security::Mode::insecure;
  auto cluster = actors::RemoteCluster::connect(*endpoint, network, *log);
  if (!cluster.ok()) return end_with(exit_code_of(cluster.status()), cluster.status().message());
  const runtime::RestoreRequest restore = restore_request(invocation);
  auto job = (*cluster)->submit(spec, restore);
  if (!job.ok()) return end_with(exit_code_of(job.status()), job.status().message());
  const actors::JobAccepted& accepted = (*job)->accepted();
  if (accepted.has_finished_before) return end_with(kFinished, finished_before(accepted.name));
  say_where_it_begins(restore, accepted.continues_from);
  const std::string name =
      "job " + std::to_string(accepted.job.value()) + " (" + accepted.name + ")";
  std::fprintf(stderr, "%s is on the cluster at %s\n", name.c_str(), invocation.to.c_str());
  if (invocation.detach) return kFinished;
  return follow(**job, {.progress = invocation.progress,
                        .checkpoint = accepted.checkpoint,
                        .detached = invocation.detach_on_interrupt
                                        ? "no longer watching " + name + ", which goes on"
                                        : "",
                        .lost = [&] { return (*job)->lost(); }});
}

}  // namespace weir::cli
