// The simulated cluster: drives CAF's test scheduler, the blocking pool and the clock in an order
// that the seed decides.
#include "actors/chaos_controller.hpp"
#include "actors/config.hpp"
#include "actors/hosted_job.hpp"
#include "actors/job_actor.hpp"
#include "actors/random_killer.hpp"
#include "actors/savepoint_board.hpp"
#include "base/assert.hpp"
#include "simulation/sim_env.hpp"
#include "simulation/sim_errands.hpp"
#include "simulation/sim_schedule.hpp"
#include "simulation/sim_world.hpp"

#include <weir/testing/cluster.hpp>

#include <caf/actor_system.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace weir::testing {

using simulation::SimClock;
using simulation::SimEnv;
using simulation::SimFaults;
using simulation::SimLog;
using simulation::SimPool;

namespace {

/// Remembers the last view of the job.
class LastView final : public runtime::JobObserver {
public:
  void on_view(const runtime::JobView& view) override { view_ = view; }
  const runtime::JobView& view() const { return view_; }

private:
  runtime::JobView view_;
};

}  // namespace

class Cluster::Impl {
public:
  explicit Impl(ClusterOptions o) : options{o}, random{o.seed} {
    env.set_clock([this](Duration time) { let_pass(time); });
  }

  void let_pass(Duration time) const {
    if (scheduler != nullptr) scheduler->advance_time(time);
  }

  ClusterOptions options;
  base::Random random;
  SimEnv env;
  std::uint64_t runs = 0;
  caf::scheduler::test_coordinator* scheduler = nullptr;  // of the newest run that lives
  simulation::SimErrands* errands = nullptr;              // likewise
};

/// One process. Members are destroyed in reverse.
class Run::Impl {
public:
  /// `log` holds what was said at the launch.
  Impl(Cluster::Impl& cluster, actors::HostedJobPtr hosted, SimLog log)
      : cluster_{cluster},
        hosted_{std::move(hosted)},
        log_{std::move(log)},
        local_{cluster.env, "/local", hosted_->context->run()},
        system_{std::make_unique<caf::actor_system>(config_)},
        scheduler_{dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler())},
        clock_{scheduler_},
        chaos_{roster_, log_},
        faults_{chaos_, cluster.random.next(), cluster.options.disturbed_messages},
        random_{cluster.random.next()} {
    cluster_.scheduler = &scheduler_;
    cluster_.errands = &errands_;
    actors::JobSpawn spawn{hosted_,
                           {cluster.env, clock_, pool_, faults_, log_, roster_, backends_, &local_},
                           [this](const runtime::JobView& view) {
                             view_.on_view(view);
                             if (view.outcome) savepoints_.on_end();
                           },
                           Duration{}};
    spawn.on_savepoint = [this](const actors::SavepointAnswer& answer) {
      savepoints_.on_answer(answer);
    };
    job_ = system_->spawn(actors::job_actor, std::move(spawn));
    local_.clean();
    began_ = clock_.monotonic();
    caf::anon_send(job_, actors::LaunchJob{});
  }

  ~Impl() {
    if (cluster_.scheduler == &scheduler_) {
      cluster_.scheduler = nullptr;
      cluster_.errands = nullptr;
    }
    errands_.end();
    // As after SIGKILL: what waits in the pool is never done, and nobody handles another message.
    pool_.clear();
    roster_.close();
    actors::kill_actor(caf::actor_cast<caf::strong_actor_ptr>(job_));
    job_ = nullptr;
    for (const auto& killer : killers_) caf::anon_send_exit(killer, caf::exit_reason::kill);
    killers_.clear();
    while (scheduler_.try_run_once()) {
    }
    while (scheduler_.trigger_timeout()) {
      while (scheduler_.try_run_once()) {
      }
    }
    pool_.clear();
  }

  void arm(const ChaosRule& rule) {
    const Status status = chaos_.arm(hosted_->context->plan(), {rule});
    WEIR_ASSERT(status.ok(), status.message().c_str());
    for (const ChaosRule& random : chaos_.take_random_rules())
      killers_.push_back(system_->spawn(actors::random_killer, &chaos_, random));
  }

  /// Does one thing that somebody has to do; false if there is nothing, now or later.
  bool step() { return !cluster_.env.has_crashed() && schedule_.step(); }

  bool has_ended() const { return view_.view().outcome.has_value(); }

  template <class Done>
  bool run_until(Done done) {
    while (!done()) {
      if (!step()) return done();
    }
    return true;
  }

  Cluster::Impl& cluster_;
  actors::HostedJobPtr hosted_;
  SimLog log_;
  runtime::StateBackends backends_{runtime::StateBackends::InMemory{}};
  checkpoint::LocalDirectory local_;  // what is in it stays behind, as after SIGKILL
  actors::SimulatedSystemConfig config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator& scheduler_;
  SimClock clock_;
  simulation::SimErrands errands_{*system_};
  SimPool pool_;
  actors::Roster roster_;
  actors::ChaosController chaos_;
  SimFaults faults_;
  base::Random random_;
  simulation::SimSchedule schedule_{scheduler_, pool_, random_};
  LastView view_;
  actors::SavepointBoard savepoints_;
  actors::JobActor job_;
  std::vector<caf::actor> killers_;
  Duration began_{};
};

void Moment::kill(std::string_view victim) {
  const ChaosRule rule{std::string{victim}, at_};
  run_.impl_->arm(rule);
}

Run::Run(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Run::Run(Run&&) noexcept = default;
Run& Run::operator=(Run&&) noexcept = default;
Run::~Run() = default;

void Run::chaos(std::string_view text) {
  auto rule = ChaosRule::parse(text);
  WEIR_ASSERT(rule.ok(), rule.status().message().c_str());
  impl_->arm(*rule);
}

bool Run::finish(Duration limit) {
  const Duration end = impl_->clock_.monotonic() + limit;
  impl_->run_until([&] { return impl_->has_ended() || impl_->clock_.monotonic() > end; });
  const auto& outcome = impl_->view_.view().outcome;
  return outcome && outcome->kind == runtime::JobOutcome::Kind::finished;
}

void Run::run_for(Duration time) {
  const Duration end = impl_->clock_.monotonic() + time;
  impl_->run_until([&] { return impl_->has_ended() || impl_->clock_.monotonic() >= end; });
}

bool Run::run_until_checkpoint(std::uint64_t count) {
  impl_->run_until([&] { return impl_->has_ended() || checkpoints() >= count; });
  return checkpoints() >= count;
}

void Run::stop(bool at_once) {
  caf::anon_send(impl_->job_, actors::StopJob{at_once});
}

std::uint64_t Run::ask_savepoint(const std::string& target, std::optional<StopMode> stop,
                                 SavepointFormat format) {
  const std::string ticket = impl_->savepoints_.begin();
  caf::anon_send(impl_->job_,
                 actors::TakeSavepoint{ticket, target, actors::savepoint_kind(stop), format});
  return std::stoull(ticket);
}

std::optional<Result<std::string>> Run::savepoint_answer(std::uint64_t request) const {
  return impl_->savepoints_.answer(std::to_string(request));
}

Result<std::string> Run::savepoint(const std::string& target, std::optional<StopMode> stop,
                                   SavepointFormat format) {
  const std::uint64_t request = ask_savepoint(target, stop, format);
  impl_->run_until([&] { return savepoint_answer(request).has_value(); });
  if (auto answer = savepoint_answer(request)) return *answer;
  return Status{ErrorCode::unavailable, "nobody has answered: " + report()};
}

void Run::kill(std::string_view victim) {
  impl_->chaos_.kill(std::string{victim}, impl_->random_.next());
}

void Run::crash() {
  impl_.reset();
}

bool Run::has_ended() const {
  return impl_->has_ended();
}
int Run::restarts() const {
  return impl_->view_.view().restarts;
}
std::uint64_t Run::checkpoints() const {
  return impl_->view_.view().checkpoints_completed;
}
std::uint64_t Run::failed_checkpoints() const {
  return impl_->view_.view().checkpoints_failed;
}

std::string Run::report() const {
  const runtime::JobView& view = impl_->view_.view();
  std::string text = std::string{to_string(view.state)} + " in attempt " +
                     std::to_string(view.attempt.value()) + ", checkpoints " +
                     std::to_string(view.checkpoints_completed) + "+" +
                     std::to_string(view.checkpoints_failed);
  if (view.outcome) text += ", outcome " + std::to_string(static_cast<int>(view.outcome->kind));
  if (view.outcome && !view.outcome->reason.empty()) text += ": " + view.outcome->reason;
  if (!view.last_failure.empty()) text += "; last failure: " + view.last_failure;
  return text;
}

const std::vector<std::string>& Run::trace() const {
  return impl_->schedule_.trace();
}
const std::vector<std::string>& Run::log() const {
  return impl_->log_.lines();
}
Duration Run::elapsed() const {
  return impl_->clock_.monotonic() - impl_->began_;
}

Cluster::Cluster(ClusterOptions options) : impl_{std::make_unique<Impl>(options)} {}
Cluster::~Cluster() = default;

Run Cluster::start(const Job& job, StartOptions options) {
  auto run = try_start(job, std::move(options));
  WEIR_ASSERT(run.ok(), run.status().message().c_str());
  return std::move(run).value();
}

Result<Run> Cluster::try_start(const Job& job, StartOptions options) {
  using From = runtime::RestoreRequest::From;
  runtime::RestoreRequest restore;
  if (options.restore_latest) restore.from = From::latest;
  if (!options.restore_path.empty()) restore.from = From::path;
  restore.path = options.restore_path;
  restore.allow_non_restored = options.allow_non_restored_state;
  SimLog log;
  auto hosted = actors::host_job(job,
                                 {.restore = restore,
                                  .run = "run" + std::to_string(++impl_->runs),
                                  .seed = impl_->random.next(),
                                  .force_bytes = impl_->options.force_bytes},
                                 impl_->env, log);
  if (!hosted.ok()) return hosted.status();
  return Run{std::make_unique<Run::Impl>(*impl_, std::move(hosted).value(), std::move(log))};
}

Env& Cluster::disk() {
  return impl_->env.disk();
}
void Cluster::crash_before_change(std::uint64_t n) {
  impl_->env.crash_before_change(n);
}
bool Cluster::has_crashed() const {
  return impl_->env.has_crashed();
}
void Cluster::power_on() {
  impl_->env.restart(impl_->random);
}
std::uint64_t Cluster::disk_changes() const {
  return impl_->env.changes();
}

std::uint64_t Cluster::disk_opens(std::string_view part) const {
  return impl_->env.opened(part);
}

void Cluster::take_time(Duration time) const {
  impl_->let_pass(time);
}

void Cluster::call_later(Duration delay, std::function<void()> f) const {
  if (impl_->errands != nullptr) impl_->errands->call_later(delay, std::move(f));
}

void Cluster::fail_writes(std::string_view part, ErrorCode code, std::uint64_t times) {
  impl_->env.inject({.on = simulation::DiskFault::On::any_but_remove,
                     .path_contains = std::string{part},
                     .code = code,
                     .times = times});
}

void Cluster::fail_some_writes(std::string_view part, ErrorCode code, double chance) {
  impl_->env.inject({.on = simulation::DiskFault::On::any_but_remove,
                     .path_contains = std::string{part},
                     .code = code,
                     .times = std::numeric_limits<std::uint64_t>::max(),
                     .chance = chance,
                     .random = base::Random{impl_->random.next()}});
}

void Cluster::hang_writes(std::string_view part, std::uint64_t times) {
  impl_->env.inject({.on = simulation::DiskFault::On::any_but_remove,
                     .path_contains = std::string{part},
                     .times = times,
                     .how = simulation::DiskFault::How::hangs});
}

void Cluster::slow_writes(std::string_view part, Duration time, std::uint64_t times) {
  impl_->env.inject({.on = simulation::DiskFault::On::any_but_remove,
                     .path_contains = std::string{part},
                     .times = times,
                     .how = simulation::DiskFault::How::is_slow,
                     .time = time});
}

void Cluster::forget_syncs(std::string_view part, std::uint64_t times) {
  impl_->env.forget({.path_contains = std::string{part}, .times = times});
}

}  // namespace weir::testing
