#include "simulation/sim_node.hpp"

#include "base/assert.hpp"

#include <caf/actor_registry.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/scheduled_actor.hpp>

#include <algorithm>
#include <utility>

namespace weir::simulation {
namespace {

// Keeps numbers of connections apart from those of actors.
constexpr std::uint64_t kConnections = std::uint64_t{1} << 62;
constexpr std::uint64_t kPool = std::uint64_t{1} << 63;

std::unique_ptr<caf::actor_system> make_system(actors::SimulatedSystemConfig& config,
                                               SimFabric& fabric, base::Random& random,
                                               const MiddlemanOptions& middleman,
                                               const NodeOptions& options) {
  load_middleman(config, fabric, random, middleman);
  if (options.configure) options.configure(config);
  return std::make_unique<caf::actor_system>(config);
}

}  // namespace

SimNode::SimNode(SimFabric& fabric, base::Random& random, HostId host, std::uint32_t process_id,
                 Duration origin, const NodeOptions& options)
    : name_{fabric.name_of(host)},
      system_{make_system(config_, fabric, random,
                          {.host = host,
                           .process_id = process_id,
                           .heartbeat_interval = options.heartbeat_interval,
                           .connection_timeout = options.connection_timeout},
                          options)},
      scheduler_{dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler())},
      multiplexer_{multiplexer_of(*system_)},
      middleman_{system_->middleman().actor_handle()->id()},
      origin_{origin},
      clock_{scheduler_, origin},
      signs_{std::make_shared<net::PeerSigns>(clock_)} {
  multiplexer_.note_in(signs_);
  clock_.set_wall_offset(options.wall_offset);
}

SimNode::~SimNode() {
  pool_.clear();
  multiplexer_.forget_dials();
  scheduler_.clock().cancel_all();
  std::map<caf::actor_id, caf::strong_actor_ptr> living;
  const auto add = [&](caf::resumable* ready) {
    if (caf::scheduled_actor* actor = actor_of(ready))
      living.emplace(actor->id(), caf::strong_actor_ptr{actor->ctrl()});
  };
  for (const auto& [id, actor] : actors_)
    if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(actor)) living.emplace(id, strong);
  for (caf::resumable* job : scheduler_.jobs) add(job);
  for (const auto& runnable : multiplexer_.take_runnables()) add(runnable.get());
  const auto broker = system_->middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  living.emplace(broker->id(), caf::actor_cast<caf::strong_actor_ptr>(broker));
  for (auto& [id, actor] : living) end_at_once(dynamic_cast<caf::scheduled_actor&>(*actor->get()));
  // What they told each other is not heard any more. An actor without a first turn must not get it
  // now: it would begin to live.
  for (caf::resumable* job : std::exchange(scheduler_.jobs, {})) caf::intrusive_ptr_release(job);
  multiplexer_.take_runnables();
  pool_.clear();
  WEIR_ASSERT(system_->registry().running() == 0, "all actors of a process are known and ended");
}

void SimNode::end_at_once(caf::scheduled_actor& actor) {
  if (actor.getf(caf::abstract_actor::is_terminated_flag)) return;
  actor.context(&multiplexer_);
  actor.quit(caf::exit_reason::kill);
  actor.finalize();
  // A broker does not empty its mailbox, in which its own timers hold it.
  actor.caf::scheduled_actor::cleanup(caf::make_error(caf::exit_reason::kill), &multiplexer_);
}

bool SimNode::lives(const caf::strong_actor_ptr& actor) {
  if (!actor) return false;
  const auto& scheduled = dynamic_cast<const caf::scheduled_actor&>(*actor->get());
  return !scheduled.getf(caf::abstract_actor::is_terminated_flag);
}

caf::scheduled_actor* SimNode::actor_of(caf::resumable* job) {
  return dynamic_cast<caf::scheduled_actor*>(job);
}

caf::actor_id SimNode::id_of(caf::resumable* job) {
  const caf::scheduled_actor* actor = actor_of(job);
  return actor != nullptr ? actor->id() : 0;
}

std::size_t SimNode::find_work() {
  Jobs& jobs = scheduler_.jobs;
  job_count_ = jobs.size();
  if (multiplexer_.is_dialing()) {
    const auto waits = std::find_if(jobs.begin(), jobs.end(),
                                    [&](caf::resumable* job) { return id_of(job) == middleman_; });
    if (waits != jobs.end()) {
      std::iter_swap(waits, jobs.end() - 1);
      --job_count_;
    }
  }
  events_ = &multiplexer_.find_events();
  return job_count_ + events_->size() + pool_.size();
}

SimNode::Work SimNode::work(std::size_t index) {
  if (index < job_count_) return {Work::Kind::actor, index};
  index -= job_count_;
  if (index < events_->size()) return {Work::Kind::network, index, (*events_)[index]};
  return {Work::Kind::pool, index - events_->size()};
}

std::uint64_t SimNode::doer(const Work& work) const {
  switch (work.kind) {
    case Work::Kind::actor: return id_of(scheduler_.jobs[work.index]);
    case Work::Kind::network: return kConnections + static_cast<std::uint64_t>(work.event.handle);
    case Work::Kind::pool: return kPool;
  }
  WEIR_UNREACHABLE("all kinds of work are listed");
}

std::uint64_t SimNode::run(const Work& work) {
  switch (work.kind) {
    case Work::Kind::actor: return run_job(work.index);
    case Work::Kind::network:
      return static_cast<std::uint64_t>(work.event.kind) ^ (multiplexer_.run(work.event) << 8);
    case Work::Kind::pool: pool_.run(work.index); return work.index;
  }
  WEIR_UNREACHABLE("all kinds of work are listed");
}

std::uint64_t SimNode::run_job(std::size_t index) {
  std::swap(scheduler_.jobs.front(), scheduler_.jobs[index]);
  caf::scheduled_actor* actor = actor_of(scheduler_.jobs.front());
  if (actor == nullptr) {
    scheduler_.run_once();
    return 0;
  }
  const caf::actor_id id = actor->id();
  if (id == middleman_ && begins_dial(*actor)) return 0;
  const caf::strong_actor_ptr guard{actor->ctrl()};
  scheduler_.run_once();
  if (id == middleman_) multiplexer_.end_dial();
  if (actor->getf(caf::abstract_actor::is_terminated_flag)) {
    actors_.erase(id);
  } else {
    actors_.try_emplace(id, actor->ctrl());
  }
  return scheduler_.jobs.size();
}

bool SimNode::begins_dial(caf::scheduled_actor& actor) {
  if (multiplexer_.has_dial()) return false;
  const auto* next = actor.mailbox().peek();
  if (next == nullptr) return false;
  const caf::type_erased_tuple& message = next->content();
  if (!message.match_elements<caf::atom_value, std::string, std::uint16_t>()) return false;
  if (message.get_as<caf::atom_value>(0) != caf::connect_atom::value) return false;
  multiplexer_.begin_dial(message.get_as<std::string>(1), message.get_as<std::uint16_t>(2));
  return true;
}

std::string SimNode::describe(const Work& work) const {
  switch (work.kind) {
    case Work::Kind::network: return multiplexer_.describe(work.event);
    case Work::Kind::pool: return "pool " + std::to_string(work.index);
    case Work::Kind::actor: break;
  }
  caf::scheduled_actor* actor = actor_of(scheduler_.jobs[work.index]);
  if (actor == nullptr) return "?";
  std::string text = std::string{actor->name()} + "/" + std::to_string(actor->id());
  if (const auto* element = actor->mailbox().peek()) text += " " + to_string(element->content());
  return text;
}

std::optional<Duration> SimNode::next_timer() {
  const auto& schedule = scheduler_.clock().schedule();
  if (schedule.empty()) return std::nullopt;
  return schedule.begin()->first.time_since_epoch() - origin_;
}

void SimNode::advance(Duration now) {
  scheduler_.clock().advance_time(origin_ + now - clock_.monotonic());
}

}  // namespace weir::simulation
