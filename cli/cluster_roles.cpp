#include "cli/cluster_roles.hpp"

#include "actors/cluster/remote_cluster.hpp"
#include "actors/cluster/worker_process.hpp"
#include "cli/cluster_settings.hpp"
#include "cli/flag_values.hpp"
#include "cli/follow.hpp"
#include "cli/interrupts.hpp"
#include "cli/run_id.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir::cli {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds{100};  // how soon an interrupt is seen
// Where another coordinator may take over, it is looked for so often at least.
constexpr Duration kLookEvery = std::chrono::milliseconds{500};

std::string program_text() {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  return length <= 0 ? "unknown program" : std::string{path, static_cast<std::size_t>(length)};
}

}  // namespace

int run_worker(const Invocation& invocation, actors::JobFactory& jobs) {
  const Interrupts interrupts;
  const auto log = base::make_stderr_logger(invocation.log_level);
  auto settings = cluster_settings(invocation);
  if (!settings.ok()) return end_with(kUsage, settings.status().message());
  auto endpoint = actors::parse_endpoint(invocation.listen);
  if (!endpoint.ok()) return end_with(kUsage, "--listen " + endpoint.status().message());
  const std::string unique = new_run_id();
  auto coordinator = coordinator_finder("--join", invocation.join, settings->ha, unique);
  if (!coordinator.ok()) return end_with(kUsage, coordinator.status().message());
  runtime::RegistrationOptions registration = settings->cluster.registration;
  if (coordinator->has_standbys)
    registration.max_timeout =
        std::clamp(kLookEvery, registration.initial_timeout, registration.max_timeout);
  auto worker = actors::WorkerProcess::start(
      {.coordinator = std::move(coordinator).value(),
       .host = endpoint->host,
       .port = endpoint->port,
       .name = invocation.name.empty() ? "worker-" + std::to_string(::getpid()) : invocation.name,
       .slots = invocation.slots.value_or(settings->cluster.slots),
       .build = program_text(),
       .registration = registration,
       .seed = hash_bytes(unique.data(), unique.size()),
       .process = {.network = settings->network, .threads = invocation.threads}},
      jobs, Env::posix(), *log);
  if (!worker.ok()) return end_with(exit_code_of(worker.status()), worker.status().message());
  std::fprintf(stderr, "worker listens on %s\n",
               actors::to_string({endpoint->host, (*worker)->port()}).c_str());
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
  auto settings = submit_settings(invocation);
  if (!settings.ok()) return end_with(kUsage, settings.status().message());
  const std::string unique = new_run_id();
  auto coordinator = coordinator_finder("--to", invocation.to, settings->ha, unique);
  if (!coordinator.ok()) return end_with(kUsage, coordinator.status().message());
  const std::string place = coordinator->description;
  const actors::JobSpec spec{
      .flags = values_of(flags), .settings = settings->job, .parallelism = invocation.parallelism};
  auto cluster =
      actors::RemoteCluster::connect(std::move(coordinator).value(), settings->network, *log);
  if (!cluster.ok()) return end_with(exit_code_of(cluster.status()), cluster.status().message());
  const runtime::RestoreRequest restore = restore_request(invocation);
  auto job = (*cluster)->submit(spec, restore, unique);
  if (!job.ok()) return end_with(exit_code_of(job.status()), job.status().message());
  const actors::JobAccepted& accepted = (*job)->accepted();
  if (accepted.has_finished_before) return end_with(kFinished, finished_before(accepted.name));
  say_where_it_begins(restore, accepted.continues_from);
  const std::string name =
      "job " + std::to_string(accepted.job.value()) + " (" + accepted.name + ")";
  std::fprintf(stderr, "%s is on the cluster at %s\n", name.c_str(), place.c_str());
  if (invocation.detach) return kFinished;
  return follow(**job, {.progress = invocation.progress,
                        .checkpoint = accepted.checkpoint,
                        .detached = invocation.detach_on_interrupt
                                        ? "no longer watching " + name + ", which goes on"
                                        : "",
                        .lost = [&] { return (*job)->lost(); }});
}

}  // namespace weir::cli
