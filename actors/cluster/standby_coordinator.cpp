#include "actors/cluster/standby_coordinator.hpp"

#include "actors/cluster/endpoint.hpp"
#include "actors/cluster/job_keeper.hpp"
#include "actors/cluster/master_actor.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <condition_variable>
#include <mutex>
#include <utility>

namespace weir::actors {
namespace {

constexpr int kElectionThreads = 2;  // one call at a time, and a resignation

}  // namespace

/// What becomes of the candidacy; shared by all threads that learn something of it.
class StandbyCoordinator::Term {
public:
  void grant(LeaderEpoch epoch) {
    {
      const std::lock_guard lock{mutex_};
      if (!epoch_) epoch_ = epoch;
    }
    changed_.notify_all();
  }
  /// Ends the master, and with it all jobs, at once.
  void end(const std::string& reason) {
    {
      const std::lock_guard lock{mutex_};
      if (!reason_) reason_ = reason;
      kill_actor(caf::actor_cast<caf::strong_actor_ptr>(master_));
      master_ = nullptr;
    }
    changed_.notify_all();
  }
  /// Keeps the master for `end`; false if that has been called already.
  bool set_master(const MasterActor& master) {
    const std::lock_guard lock{mutex_};
    if (reason_) return false;
    master_ = master;
    return true;
  }
  void wait(Duration limit, bool for_end) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, limit, [&] { return reason_ || (!for_end && epoch_); });
  }
  std::optional<LeaderEpoch> epoch() const {
    const std::lock_guard lock{mutex_};
    return epoch_;
  }
  std::optional<std::string> reason() const {
    const std::lock_guard lock{mutex_};
    return reason_;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<LeaderEpoch> epoch_;   // guarded by mutex_
  std::optional<std::string> reason_;  // likewise
  MasterActor master_;                 // likewise
};

StandbyCoordinator::StandbyCoordinator(StandbyOptions options, runtime::HaStore& store,
                                       base::Logger& log, std::unique_ptr<Process> process)
    : options_{std::move(options)},
      store_{store},
      log_{log},
      term_{std::make_shared<Term>()},
      pool_{std::make_unique<base::ThreadPool>(kElectionThreads)},
      process_{std::move(process)} {}

Result<std::unique_ptr<StandbyCoordinator>> StandbyCoordinator::start(StandbyOptions options,
                                                                      runtime::HaStore& store,
                                                                      JobFactory& jobs, Env& env,
                                                                      base::Logger& log) {
  auto process = Process::start(options.coordinator.process, jobs, env, log);
  if (!process.ok()) return process.status();
  std::unique_ptr<StandbyCoordinator> standby{
      new StandbyCoordinator{std::move(options), store, log, std::move(process).value()}};
  const StandbyOptions& kept = standby->options_;
  standby->candidate_ = standby->process_->system().spawn(
      candidate_actor,
      CandidateSpawn{
          .store = &store,
          .pool = *standby->pool_,
          .clock = Clock::system(),
          .log = log,
          .address = to_string(Endpoint{kept.coordinator.host, kept.coordinator.port}),
          .times = kept.times,
          .seed = kept.seed,
          .on_granted = [term = standby->term_](LeaderEpoch epoch) { term->grant(epoch); },
          .on_lost = [term = standby->term_](const std::string& why) { term->end(why); }});
  return standby;
}

StandbyCoordinator::~StandbyCoordinator() {
  term_->end("it ends");
  end_candidate();
  pool_.reset();  // what the candidate had begun is done
  process_.reset();
  if (const auto epoch = term_->epoch()) store_.resign(*epoch);
}

/// Returns when it asks the pool for nothing any more.
void StandbyCoordinator::end_candidate() {
  const auto candidate = caf::actor_cast<caf::strong_actor_ptr>(candidate_);
  candidate_ = nullptr;
  caf::scoped_actor self{process_->system()};
  self->monitor(candidate);
  kill_actor(candidate);
  self->receive([](const caf::down_msg&) {});
}

Result<StandbyCoordinator::Event> StandbyCoordinator::wait(Duration limit) {
  term_->wait(limit, has_led_);
  if (term_->reason()) return Event::over;
  const auto epoch = term_->epoch();
  if (!epoch || has_led_) return Event::none;
  has_led_ = true;
  return lead(*epoch);
}

Result<StandbyCoordinator::Event> StandbyCoordinator::lead(LeaderEpoch epoch) {
  auto keeper = std::make_shared<JobKeeper>(
      store_, epoch, [term = term_](const std::string& why) { term->end(why); }, log_);
  auto inheritance = keeper->inherit();
  if (!inheritance.ok()) {
    if (inheritance.status().code() == ErrorCode::corrupt) return inheritance.status();
    term_->end("cannot read the jobs of the cluster: " + inheritance.status().message());
    return Event::over;
  }
  CoordinatorOptions& options = options_.coordinator;
  const MasterActor master =
      spawn_master(*process_, options, std::move(keeper), std::move(inheritance).value());
  if (!term_->set_master(master)) {
    kill_actor(caf::actor_cast<caf::strong_actor_ptr>(master));
    return Event::over;
  }
  auto port = process_->network().listen(master, options.host, options.port);
  if (!port.ok()) return port.status();
  return Event::leads;
}

std::string StandbyCoordinator::reason() const {
  return term_->reason().value_or("");
}

}  // namespace weir::actors
