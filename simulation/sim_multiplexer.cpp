#include "simulation/sim_multiplexer.hpp"

#include "base/assert.hpp"
#include "simulation/sim_servants.hpp"

#include <caf/io/broker.hpp>
#include <caf/make_counted.hpp>
#include <caf/proxy_registry.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <algorithm>
#include <utility>

namespace weir::simulation {
namespace {

// What a broker handles before the event loop looks at its sockets again.
constexpr std::size_t kMessagesPerTurn = 25;
// CAF reads a socket so often before it looks at the next one; and the chance that it finds more.
constexpr int kReadsPerTurn = 50;
constexpr double kReadsOn = 0.75;

bool is_ready(caf::io::network::manager& manager) {
  caf::io::abstract_broker* broker = manager.parent();
  return broker != nullptr && broker->getf(caf::abstract_actor::is_initialized_flag);
}

/// CAF remembers in a variable of the thread which node sent what it deserialises. Brokers of all
/// nodes share this thread, so what one of them left there must not lead another astray.
void forget_last_hop(caf::scheduled_actor& broker) {
  if (caf::proxy_registry* proxies = broker.proxy_registry_ptr()) proxies->set_last_hop(nullptr);
}

/// Prints a message, but for the addresses in it, which differ from run to run.
std::string print(const caf::type_erased_tuple& message) {
  std::string text = "broker (";
  for (std::size_t i = 0; i < message.size(); ++i) {
    if (i != 0) text += ", ";
    if (message.match_element<caf::io::scribe_ptr>(i)) {
      text += "connection";
    } else if (message.match_element<caf::io::doorman_ptr>(i)) {
      text += "acceptor";
    } else {
      text += message.stringify(i);
    }
  }
  return text + ")";
}

}  // namespace

SimMultiplexer::SimMultiplexer(caf::actor_system* system, SimFabric& fabric, HostId host,
                               base::Random& random)
    : multiplexer{system}, fabric_{fabric}, host_{host}, random_{random} {}

SimMultiplexer::~SimMultiplexer() = default;

const std::vector<SimMultiplexer::Event>& SimMultiplexer::find_events() {
  events_.clear();
  if (!runnables_.empty()) events_.push_back({Event::Kind::message});
  for (const auto& [handle, doorman] : doormen_)
    if (is_ready(*doorman) && doorman->can_accept())
      events_.push_back({Event::Kind::accept, handle});
  for (const auto& [handle, scribe] : scribes_) {
    if (!is_ready(*scribe) || scribe->socket() == nullptr) continue;
    if (scribe->can_read()) events_.push_back({Event::Kind::read, handle});
    if (scribe->has_failed()) events_.push_back({Event::Kind::fail, handle});
  }
  for (const auto& [handle, dial] : dials_)
    if (!is_dialing(dial.socket)) events_.push_back({Event::Kind::dialled, handle});
  return events_;
}

std::size_t SimMultiplexer::run(Event event) {
  switch (event.kind) {
    case Event::Kind::message: handle_message(); return 0;
    case Event::Kind::accept: {
      const caf::intrusive_ptr<Doorman> doorman{doormen_.at(event.handle)};
      if (!doorman->new_connection()) doorman->remove_from_loop();
      return 0;
    }
    case Event::Kind::read: return read(*scribes_.at(event.handle));
    case Event::Kind::fail: fail(*scribes_.at(event.handle)); return 0;
    case Event::Kind::dialled: end_own_dial(event.handle); return 0;
  }
  WEIR_UNREACHABLE("all kinds of events are listed");
}

void SimMultiplexer::handle_message() {
  const Runnable next = std::move(runnables_.front());
  runnables_.pop_front();
  if (auto* broker = dynamic_cast<caf::scheduled_actor*>(next.get())) forget_last_hop(*broker);
  if (next->resume(this, kMessagesPerTurn) == caf::resumable::resume_later)
    runnables_.push_back(next);
}

std::size_t SimMultiplexer::read(Scribe& scribe) {
  const caf::intrusive_ptr<Scribe> guard{&scribe};
  forget_last_hop(*scribe.parent());
  std::size_t size = 0;
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    size += scribe.consume_next();
    if (scribe.socket() == nullptr || !is_ready(scribe) || !scribe.can_read()) break;
    if (!random_.chance(kReadsOn)) break;
  }
  return size;
}

void SimMultiplexer::fail(Scribe& scribe) {
  const caf::intrusive_ptr<Scribe> guard{&scribe};
  forget_last_hop(*scribe.parent());
  scribe.io_failure(this, caf::io::network::operation::read);
  scribe.close();
}

std::optional<SocketId> SimMultiplexer::begin(const std::string& host, std::uint16_t port) {
  const bool is_local = host == "localhost" || host == "127.0.0.1";
  return fabric_.dial(host_, is_local ? fabric_.name_of(host_) : host, port);
}

bool SimMultiplexer::is_dialing(std::optional<SocketId> socket) const {
  if (!socket) return false;
  const Socket& own = *fabric_.find(*socket);
  return own.state == Socket::State::dialing && own.peer == Socket::Peer::present;
}

/// Makes a connection of a socket that was dialled, or closes it.
caf::expected<caf::io::scribe_ptr> SimMultiplexer::take(std::optional<SocketId> socket) {
  if (!socket) return caf::sec::cannot_connect_to_node;
  if (fabric_.find(*socket)->state != Socket::State::open) {
    fabric_.close(*socket);
    return caf::sec::cannot_connect_to_node;
  }
  const auto handle = caf::io::connection_handle::from_int(next_handle_++);
  return caf::io::scribe_ptr{caf::make_counted<Scribe>(*this, handle, *socket)};
}

void SimMultiplexer::dial(const std::string& host, std::uint16_t port, Dialled done) {
  const std::int64_t handle = next_handle_++;
  dials_.emplace(handle, OwnDial{begin(host, port), std::move(done)});
}

void SimMultiplexer::end_own_dial(std::int64_t handle) {
  const auto node = dials_.extract(handle);
  node.mapped().done(take(node.mapped().socket));
}

void SimMultiplexer::begin_dial(const std::string& host, std::uint16_t port) {
  WEIR_ASSERT(!dial_, "one dial at a time, as CAF does");
  dial_ = Dial{host, port, begin(host, port)};
}

bool SimMultiplexer::is_dialing() const {
  return dial_ && is_dialing(dial_->socket);
}

void SimMultiplexer::end_dial() {
  if (dial_ && dial_->socket) fabric_.close(*dial_->socket);
  dial_.reset();
}

std::string SimMultiplexer::describe(Event event) const {
  const std::string handle = std::to_string(event.handle);
  switch (event.kind) {
    case Event::Kind::message: {
      auto* broker = dynamic_cast<caf::scheduled_actor*>(runnables_.front().get());
      const auto* element = broker != nullptr ? broker->mailbox().peek() : nullptr;
      return element != nullptr ? print(element->content()) : "posted";
    }
    case Event::Kind::accept: return "accept " + handle;
    case Event::Kind::read: return "read " + handle;
    case Event::Kind::fail: return "fail " + handle;
    case Event::Kind::dialled: return "dialled " + handle;
  }
  WEIR_UNREACHABLE("all kinds of events are listed");
}

caf::expected<caf::io::scribe_ptr> SimMultiplexer::new_tcp_scribe(const std::string& host,
                                                                  std::uint16_t port) {
  WEIR_ASSERT(dial_ && dial_->host == host && dial_->port == port && !is_dialing(),
              "the simulator has dialled before");
  return take(std::exchange(dial_->socket, std::nullopt));
}

caf::expected<caf::io::doorman_ptr> SimMultiplexer::new_tcp_doorman(std::uint16_t port, const char*,
                                                                    bool) {
  const auto listener = fabric_.listen(host_, port);
  if (!listener) return caf::sec::cannot_open_port;
  const auto handle = caf::io::accept_handle::from_int(next_handle_++);
  return caf::io::doorman_ptr{caf::make_counted<Doorman>(*this, handle, *listener)};
}

void SimMultiplexer::exec_later(caf::resumable* ptr) {
  switch (ptr->subtype()) {
    case caf::resumable::io_actor:
    case caf::resumable::function_object: runnables_.emplace_back(ptr, false); break;
    default: system().scheduler().enqueue(ptr);
  }
}

bool SimMultiplexer::try_run_once() {
  if (runnables_.empty()) return false;
  handle_message();
  return true;
}

void SimMultiplexer::run_once() {
  try_run_once();
}

void SimMultiplexer::run() {
  while (try_run_once()) {
  }
}

SimMultiplexer::supervisor_ptr SimMultiplexer::make_supervisor() {
  return nullptr;
}

caf::io::scribe_ptr SimMultiplexer::new_scribe(caf::io::network::native_socket) {
  WEIR_UNREACHABLE("there are no real sockets");
}
caf::io::doorman_ptr SimMultiplexer::new_doorman(caf::io::network::native_socket) {
  WEIR_UNREACHABLE("there are no real sockets");
}
caf::io::datagram_servant_ptr SimMultiplexer::new_datagram_servant(
    caf::io::network::native_socket) {
  WEIR_UNREACHABLE("there are no real sockets");
}
caf::io::datagram_servant_ptr SimMultiplexer::new_datagram_servant_for_endpoint(
    caf::io::network::native_socket, const caf::io::network::ip_endpoint&) {
  WEIR_UNREACHABLE("there are no real sockets");
}
caf::expected<caf::io::datagram_servant_ptr> SimMultiplexer::new_remote_udp_endpoint(
    const std::string&, std::uint16_t) {
  return caf::sec::cannot_connect_to_node;
}
caf::expected<caf::io::datagram_servant_ptr> SimMultiplexer::new_local_udp_endpoint(std::uint16_t,
                                                                                    const char*,
                                                                                    bool) {
  return caf::sec::cannot_open_port;
}

}  // namespace weir::simulation
