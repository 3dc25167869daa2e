#include "simulation/sim_network.hpp"

#include "base/assert.hpp"
#include "simulation/sim_chance.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir::simulation {
namespace {

constexpr double kMachineStarves = 0.25;  // chance that it is a whole machine then
constexpr std::uint64_t kUpBits = 55;     // machines have been up for at most 417 days
constexpr std::uint32_t kFirstProcess = 1000;
constexpr std::uint64_t kCables = std::uint64_t{1} << 32;  // in traces, after all machines

}  // namespace

SimNetwork::SimNetwork(NetworkOptions options)
    : random_{options.seed},
      fabric_{random_, options.cable, options.dial_timeout},
      trace_{options.keep_trace} {}

SimNetwork::~SimNetwork() {
  for (const Machine& machine : machines_)
    if (machine.process) fabric_.end_process(machine.id);
}

const SimNetwork::Machine* SimNetwork::find(const std::string& host) const {
  const auto named = [&](const Machine& machine) { return fabric_.name_of(machine.id) == host; };
  const auto found = std::find_if(machines_.begin(), machines_.end(), named);
  return found == machines_.end() ? nullptr : &*found;
}

SimNetwork::Machine& SimNetwork::machine(const std::string& host) {
  if (const Machine* known = find(host)) return const_cast<Machine&>(*known);
  // At least an hour, so that no clock begins near its zero.
  const Duration up = std::chrono::hours{1} + Duration{random_.below(std::uint64_t{1} << kUpBits)};
  machines_.push_back({.id = fabric_.add_host(host), .up_before = up});
  return machines_.back();
}

SimNode& SimNetwork::start(const std::string& host, const NodeOptions& options) {
  Machine& where = machine(host);
  WEIR_ASSERT(where.process == nullptr, "a machine runs one process at a time");
  fabric_.power_on(where.id);
  where.is_frozen = false;
  where.process = std::make_unique<SimNode>(
      fabric_, random_, where.id, kFirstProcess + where.processes++, where.up_before, options);
  where.process->advance(now_);
  return *where.process;
}

bool SimNetwork::is_running(const std::string& host) const {
  const Machine* known = find(host);
  return known != nullptr && known->process != nullptr;
}

SimNode& SimNetwork::node(const std::string& host) {
  WEIR_ASSERT(is_running(host), "the process has been started");
  return *machine(host).process;
}

void SimNetwork::end(const std::string& host, const std::function<void(HostId)>& close) {
  WEIR_ASSERT(!is_in_step_, "a process does not end within a step: see defer()");
  Machine& where = machine(host);
  close(where.id);
  where.process.reset();
}

void SimNetwork::kill(const std::string& host) {
  end(host, [&](HostId id) { fabric_.kill_process(id); });
}

void SimNetwork::exit(const std::string& host) {
  end(host, [&](HostId id) { fabric_.end_process(id); });
}

void SimNetwork::power_off(const std::string& host) {
  end(host, [&](HostId id) { fabric_.power_off(id); });
}

void SimNetwork::freeze(const std::string& host) {
  machine(host).is_frozen = true;
}

void SimNetwork::wake(const std::string& host) {
  Machine& where = machine(host);
  where.is_frozen = false;
  if (where.process) where.process->advance(now_);
}

bool SimNetwork::is_frozen(const std::string& host) const {
  const Machine* known = find(host);
  return known != nullptr && known->is_frozen;
}

void SimNetwork::hang(const std::string& host, Duration time) {
  WEIR_ASSERT(is_in_step_, "only who is in a step can be frozen in the middle of it");
  freeze(host);
  is_in_step_ = false;
  run_for(time);
  is_in_step_ = true;
  wake(host);
}

Cable& SimNetwork::cable(const std::string& from, const std::string& to) {
  const HostId there = machine(to).id;
  return fabric_.cable(machine(from).id, there);
}

void SimNetwork::cut(const std::string& from, const std::string& to) {
  const HostId there = machine(to).id;
  fabric_.cut(machine(from).id, there);
}

void SimNetwork::heal(const std::string& from, const std::string& to) {
  const HostId there = machine(to).id;
  fabric_.heal(machine(from).id, there);
}

void SimNetwork::partition(const std::string& one, const std::string& other) {
  cut(one, other);
  cut(other, one);
}

void SimNetwork::heal_partition(const std::string& one, const std::string& other) {
  heal(one, other);
  heal(other, one);
}

void SimNetwork::stall(const std::string& from, const std::string& to, Duration time) {
  Cable& way = cable(from, to);
  way.stalls_until = std::max(way.stalls_until, now_ + time);
}

void SimNetwork::reset(const std::string& one, const std::string& other) {
  const HostId there = machine(other).id;
  fabric_.reset_connections(machine(one).id, there);
}

bool SimNetwork::step(Duration until) {
  until = std::max(until, now_);  // a process that hung may have taken longer
  for (const auto& fault : std::exchange(deferred_, {})) fault();
  if (random_.chance(kTimeSlips)) advance(std::min(until, now_ + draw_slip(random_)));
  const std::size_t count = find_choices();
  if (count != 0) {
    perform(choose(count));
    return true;
  }
  const auto next = next_event();
  if (!next || *next > until) {
    if (until != kForever) advance(until);
    return false;
  }
  advance(*next);
  return true;
}

std::size_t SimNetwork::find_choices() {
  std::size_t count = fabric_.find_deliverable().size();
  for (Machine& machine : machines_) {
    machine.work = machine.process && !machine.is_frozen ? machine.process->find_work() : 0;
    count += machine.work;
  }
  return count;
}

SimNetwork::Choice SimNetwork::choice(std::size_t index) const {
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    if (index < machines_[i].work) return {i, index};
    index -= machines_[i].work;
  }
  return {machines_.size(), index};
}

/// Anybody may be next, but now and then somebody is left out for a while: an actor, a connection,
/// a machine. Without it nobody would ever be far ahead of the others.
SimNetwork::Choice SimNetwork::choose(std::size_t count) {
  if (starves_for_ != 0) {
    --starves_for_;
  } else if (random_.chance(kStarves)) {
    starving_ = doer_of(choice(random_.below(count)));
    if (random_.chance(kMachineStarves)) starving_.doer = 0;
    starves_for_ = draw_starvation(random_);
  }
  for (int tries = 0; starves_for_ != 0 && tries < 4; ++tries) {
    const Choice next = choice(random_.below(count));
    if (!starves(doer_of(next))) return next;
  }
  return choice(random_.below(count));
}

SimNetwork::Doer SimNetwork::doer_of(Choice choice) {
  if (choice.machine == machines_.size())
    return {choice.machine, static_cast<std::uint64_t>(fabric_.deliverable()[choice.index])};
  SimNode& process = *machines_[choice.machine].process;
  return {choice.machine, process.doer(process.work(choice.index))};
}

bool SimNetwork::starves(const Doer& doer) const {
  return doer.machine == starving_.machine && (starving_.doer == 0 || doer.doer == starving_.doer);
}

void SimNetwork::perform(Choice choice) {
  is_in_step_ = true;
  if (choice.machine == machines_.size()) {
    perform_delivery(fabric_.deliverable()[choice.index]);
  } else {
    perform_work(machines_[choice.machine], choice.index);
  }
  is_in_step_ = false;
}

void SimNetwork::perform_delivery(SocketId from) {
  const Delivery delivery = fabric_.deliver(from);
  trace_.note({static_cast<std::uint64_t>(now_.count()), kCables, static_cast<std::uint64_t>(from),
               static_cast<std::uint64_t>(delivery.kind), delivery.size, delivery.checksum});
  if (!trace_.keeps_lines()) return;
  static constexpr const char* kKinds[] = {"dial", "accepted", "data", "end", "reset"};
  add_line("cable " + std::to_string(static_cast<std::uint64_t>(from)),
           std::string{kKinds[static_cast<std::size_t>(delivery.kind)]} + " " +
               std::to_string(delivery.size) + " " + std::to_string(delivery.checksum));
}

void SimNetwork::perform_work(Machine& machine, std::size_t index) {
  SimNode& process = *machine.process;
  const SimNode::Work work = process.work(index);
  const std::uint64_t doer = process.doer(work);
  if (trace_.keeps_lines()) add_line(process.host(), process.describe(work));
  const std::uint64_t outcome = process.run(work);
  trace_.note({static_cast<std::uint64_t>(now_.count()), static_cast<std::uint64_t>(machine.id),
               doer, outcome});
}

void SimNetwork::add_line(const std::string& who, const std::string& what) {
  char time[32];
  std::snprintf(time, sizeof time, "%.9f ", std::chrono::duration<double>{now_}.count());
  trace_.add_line(time + who + ": " + what);
}

std::optional<Duration> SimNetwork::next_event() {
  std::optional<Duration> next = fabric_.next_event();
  for (Machine& machine : machines_) {
    if (!machine.process || machine.is_frozen) continue;
    const auto timer = machine.process->next_timer();
    if (timer && (!next || *timer < *next)) next = timer;
  }
  // A timer may be set for a time that has passed already.
  if (next) next = std::max(*next, now_);
  return next;
}

void SimNetwork::advance(Duration now) {
  now_ = now;
  fabric_.advance(now);
  for (Machine& machine : machines_)
    if (machine.process && !machine.is_frozen) machine.process->advance(now);
}

}  // namespace weir::simulation
