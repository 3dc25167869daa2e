#include "actors/cluster/coordinator_process.hpp"
#include "actors/cluster/standby_coordinator.hpp"
#include "cli/cluster_roles.hpp"
#include "cli/cluster_settings.hpp"
#include "cli/follow.hpp"
#include "cli/interrupts.hpp"
#include "cli/metrics_endpoint.hpp"
#include "cli/run_id.hpp"
#include "runtime/ha/open_store.hpp"

#include <weir/hash.hpp>

#include <cstdio>
#include <utility>

namespace weir::cli {
namespace {

using Standby = actors::StandbyCoordinator;

constexpr Duration kPoll = std::chrono::milliseconds{100};  // how soon an interrupt is seen

void say_where_it_listens(const actors::Endpoint& endpoint) {
  std::fprintf(stderr, "coordinator listens on %s\n", actors::to_string(endpoint).c_str());
}

/// Campaigns once; returns when it leads no longer, with none, or the exit code.
std::optional<int> campaign(const actors::StandbyOptions& options, runtime::HaStore& store,
                            actors::JobFactory& jobs, base::Logger& log,
                            const Interrupts& interrupts) {
  auto standby = Standby::start(options, store, jobs, Env::posix(), log);
  if (!standby.ok()) return end_with(exit_code_of(standby.status()), standby.status().message());
  const actors::Endpoint endpoint{options.coordinator.host, options.coordinator.port};
  std::fprintf(stderr, "coordinator stands by for %s\n", actors::to_string(endpoint).c_str());
  while (interrupts.count() == 0) {
    const auto event = (*standby)->wait(kPoll);
    if (!event.ok()) return end_with(kFailed, event.status().message());
    if (*event == Standby::Event::leads) say_where_it_listens(endpoint);
    if (*event != Standby::Event::over) continue;
    std::fprintf(stderr, "coordinator leads no longer: %s\n", (*standby)->reason().c_str());
    return std::nullopt;
  }
  standby->reset();
  return end_with(kFinished, "coordinator ends");
}

/// Leads when it can, stands by otherwise.
int stand_by(actors::CoordinatorOptions options, const runtime::HaOptions& ha,
             actors::JobFactory& jobs, base::Logger& log, const Interrupts& interrupts) {
  if (options.port == 0 || options.host.empty() || options.host == "0.0.0.0" ||
      options.host == "::")
    return end_with(kUsage, "--listen " + options.host + ":" + std::to_string(options.port) +
                                ": with high-availability.type give the address and port at which "
                                "others reach this coordinator when it leads");
  const std::string owner = new_run_id();
  auto store = runtime::open_store(ha, Env::posix(), owner);
  if (!store.ok()) return end_with(exit_code_of(store.status()), store.status().message());
  const actors::StandbyOptions standby{.coordinator = std::move(options),
                                       .times = runtime::election_times(ha),
                                       .seed = hash_bytes(owner.data(), owner.size())};
  while (true) {
    if (const auto code = campaign(standby, **store, jobs, log, interrupts)) return *code;
  }
}

}  // namespace

int run_coordinator(const Invocation& invocation, actors::JobFactory& jobs) {
  const Interrupts interrupts;
  const auto log = base::make_stderr_logger(invocation.log_level);
  auto settings = cluster_settings(invocation);
  if (!settings.ok()) return end_with(kUsage, settings.status().message());
  auto endpoint = actors::parse_endpoint(invocation.listen);
  if (!endpoint.ok()) return end_with(kUsage, "--listen " + endpoint.status().message());
  actors::CoordinatorOptions options{
      .host = endpoint->host,
      .port = endpoint->port,
      .cluster = settings->cluster,
      .process = {.network = settings->network, .threads = invocation.threads},
      .new_run_id = new_run_id};
  const auto metrics = MetricsEndpoint::start(invocation.metrics, options.process.metrics);
  if (!metrics.ok()) return end_with(exit_code_of(metrics.status()), metrics.status().message());
  if (settings->ha.type != runtime::HaOptions::Type::none)
    return stand_by(std::move(options), settings->ha, jobs, *log, interrupts);
  auto coordinator =
      actors::CoordinatorProcess::start(std::move(options), jobs, Env::posix(), *log);
  if (!coordinator.ok())
    return end_with(exit_code_of(coordinator.status()), coordinator.status().message());
  say_where_it_listens({endpoint->host, (*coordinator)->port()});
  while (interrupts.count() == 0) interrupts.wait(kPoll);
  return end_with(kFinished, "coordinator ends");
}

}  // namespace weir::cli
