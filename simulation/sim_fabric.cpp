#include "simulation/sim_fabric.hpp"

#include "base/assert.hpp"
#include "base/checksum.hpp"

#include <algorithm>
#include <utility>

namespace weir::simulation {
namespace {

using Kind = Segment::Kind;
using State = Socket::State;
using Peer = Socket::Peer;

// Within a machine.
constexpr Cable kLoopback{.delay_min = std::chrono::microseconds{5},
                          .delay_max = std::chrono::microseconds{50}};
constexpr double kWhole = 0.7;     // chance that a segment arrives in one piece
constexpr double kTogether = 0.7;  // chance that the next one arrives with it

}  // namespace

HostId SimFabric::add_host(const std::string& name) {
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    if (hosts_[i].name == name) return HostId{static_cast<std::uint32_t>(i)};
  hosts_.push_back({.name = name});
  return HostId{static_cast<std::uint32_t>(hosts_.size() - 1)};
}

Socket* SimFabric::find(SocketId id) {
  const auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : &found->second;
}

SimFabric::Listener* SimFabric::find_listener(HostId host, std::uint16_t port) {
  for (auto& [id, listener] : listeners_)
    if (listener.host == host && listener.port == port) return &listener;
  return nullptr;
}

std::optional<ListenerId> SimFabric::listen(HostId host, std::uint16_t port) {
  Host& machine = hosts_[index(host)];
  while (port == 0) {
    if (find_listener(host, machine.next_port) == nullptr) port = machine.next_port;
    ++machine.next_port;
  }
  if (find_listener(host, port) != nullptr) return std::nullopt;
  const ListenerId id{next_listener_++};
  listeners_.emplace(id, Listener{host, port, {}});
  return id;
}

bool SimFabric::has_dial(ListenerId id) const {
  const auto found = listeners_.find(id);
  return found != listeners_.end() && !found->second.dials.empty();
}

SocketId SimFabric::accept(ListenerId id) {
  auto& dials = listeners_.at(id).dials;
  WEIR_ASSERT(!dials.empty(), "there is a connection to accept");
  const SocketId socket = dials.front();
  dials.pop_front();
  return socket;
}

void SimFabric::stop_listening(ListenerId id) {
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return;
  for (const SocketId dial : found->second.dials) {
    break_off(dial);
    socket(dial).state = State::closed;
    forget_if_over(dial);
  }
  listeners_.erase(found);
}

std::optional<SocketId> SimFabric::dial(HostId from, const std::string& to, std::uint16_t port) {
  const auto named = [&](const Host& host) { return host.name == to; };
  const auto found = std::find_if(hosts_.begin(), hosts_.end(), named);
  if (found == hosts_.end()) return std::nullopt;
  const HostId target{static_cast<std::uint32_t>(found - hosts_.begin())};
  const SocketId id{next_socket_};
  next_socket_ += 2;
  sockets_.emplace(id, Socket{.host = from,
                              .port = port,
                              .state = State::dialing,
                              .gives_up = now_ + dial_timeout_,
                              .cable = &cable(from, target)});
  sockets_.emplace(
      peer_of(id),
      Socket{.host = target, .port = port, .state = State::closed, .cable = &cable(target, from)});
  push(id, Kind::dial);
  dialing_.push_back(id);
  return id;
}

Cable& SimFabric::cable(HostId from, HostId to) {
  return cables_.try_emplace({from, to}, from == to ? kLoopback : new_cable_).first->second;
}

void SimFabric::push(SocketId from, Kind kind, std::string bytes) {
  Socket& source = socket(from);
  Cable& cable = *source.cable;
  Duration due = now_;
  if (cable.bytes_per_second != 0) {
    const double seconds =
        static_cast<double>(bytes.size()) / static_cast<double>(cable.bytes_per_second);
    cable.busy_until = std::max(cable.busy_until, now_) +
                       std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds});
    due = cable.busy_until;
  }
  const auto spread = static_cast<std::uint64_t>((cable.delay_max - cable.delay_min).count());
  due += cable.delay_min + Duration{random_.below(spread + 1)};
  if (!source.outgoing.empty()) due = std::max(due, source.outgoing.back().due);
  source.outgoing.push_back({kind, due, std::move(bytes)});
  if (!std::exchange(source.is_sending, true)) sending_.push_back(from);
}

void SimFabric::send(SocketId id, std::string bytes) {
  const Socket* source = find(id);
  if (source == nullptr || source->state != State::open || source->peer == Peer::gone) return;
  push(id, Kind::data, std::move(bytes));
}

void SimFabric::close(SocketId id) {
  Socket* socket = find(id);
  if (socket == nullptr || socket->state == State::closed) return;
  if (socket->state == State::dialing) {
    socket->outgoing.clear();
  } else if (socket->peer != Peer::gone && socket->unread() != 0) {
    break_off(id);
  } else if (socket->peer != Peer::gone) {
    push(id, Kind::end);
  }
  socket->state = State::closed;
  socket->received.clear();
  socket->taken = 0;
  forget_if_over(id);
}

void SimFabric::forget_if_over(SocketId id) {
  const auto over = [&](SocketId end) { return socket(end).state == State::closed; };
  // A dial that is under way has a closed peer, too, but is not closed itself.
  if (!over(id) || !over(peer_of(id))) return;
  sockets_.erase(id);
  sockets_.erase(peer_of(id));
}

void SimFabric::lose_tail(Socket& socket) {
  socket.outgoing.resize(random_.below(socket.outgoing.size() + 1),
                         Segment{Kind::data, Duration{}});
}

void SimFabric::break_off(SocketId id) {
  lose_tail(socket(id));
  push(id, Kind::reset);
}

void SimFabric::refuse(SocketId from) {
  const auto& outgoing = socket(from).outgoing;
  if (outgoing.empty() || outgoing.back().kind != Kind::reset) push(from, Kind::reset);
}

void SimFabric::advance(Duration now) {
  now_ = now;
  std::erase_if(dialing_, [&](SocketId id) {
    Socket* socket = find(id);
    if (socket == nullptr || socket->state != State::dialing) return true;
    if (socket->gives_up > now) return false;
    socket->peer = Peer::gone;
    socket->outgoing.clear();
    return true;
  });
}

std::optional<Duration> SimFabric::arrival(SocketId from, const Socket& source) const {
  if (source.outgoing.empty()) return std::nullopt;
  const Segment& first = source.outgoing.front();
  const Socket& target = sockets_.at(peer_of(from));
  if (!hosts_[index(target.host)].has_power) return std::nullopt;
  // A reset arrives at a cut only to be lost; but a dial is repeated, and refused again.
  const bool can_be_lost = first.kind == Kind::reset && target.state != State::dialing;
  if (source.cable->is_cut && !can_be_lost) return std::nullopt;
  return std::max(first.due, source.cable->stalls_until);
}

std::optional<Duration> SimFabric::next_event() {
  std::optional<Duration> next;
  const auto at = [&](Duration time) { next = next ? std::min(*next, time) : time; };
  for (const SocketId id : sending_) {
    const Socket* source = find(id);
    if (source == nullptr) continue;
    if (const auto time = arrival(id, *source)) at(*time);
  }
  for (const SocketId id : dialing_) {
    const Socket* source = find(id);
    if (source == nullptr || source->state != State::dialing) continue;
    if (source->peer != Peer::gone) at(source->gives_up);
  }
  return next;
}

const std::vector<SocketId>& SimFabric::find_deliverable() {
  deliverable_.clear();
  std::erase_if(sending_, [&](SocketId id) {
    Socket* source = find(id);
    if (source == nullptr) return true;
    source->is_sending = !source->outgoing.empty();
    const auto time = arrival(id, *source);
    if (time && *time <= now_) deliverable_.push_back(id);
    return !source->is_sending;
  });
  return deliverable_;
}

Delivery SimFabric::deliver(SocketId from) {
  Socket& source = socket(from);
  const SocketId to = peer_of(from);
  Socket& target = socket(to);
  Delivery delivery{.from = from, .kind = source.outgoing.front().kind};
  if (delivery.kind == Kind::data) {
    deliver_data(source, target, delivery);
    return delivery;
  }
  const bool is_lost = source.cable->is_cut;
  source.outgoing.pop_front();
  if (is_lost) return delivery;
  switch (delivery.kind) {
    case Kind::data: break;
    case Kind::dial: deliver_dial(from); break;
    case Kind::accepted:
      if (target.state == State::dialing) {
        target.state = State::open;
      } else {
        refuse(to);
      }
      break;
    case Kind::end:
      if (target.peer == Peer::present) target.peer = Peer::ended;
      break;
    case Kind::reset:
      target.peer = Peer::gone;
      // A reset of its own may have left before, and goes on.
      std::erase_if(target.outgoing, [](const Segment& s) { return s.kind != Kind::reset; });
      break;
  }
  return delivery;
}

void SimFabric::deliver_dial(SocketId from) {
  const SocketId to = peer_of(from);
  Socket& target = socket(to);
  Listener* listener = find_listener(target.host, target.port);
  if (listener == nullptr) {
    refuse(to);
    return;
  }
  target.state = State::open;
  listener->dials.push_back(to);
  push(to, Kind::accepted);
}

void SimFabric::deliver_data(Socket& source, Socket& target, Delivery& delivery) {
  const SocketId to = peer_of(delivery.from);
  if (target.state == State::closed) {
    source.outgoing.pop_front();
    refuse(to);
    return;
  }
  do {
    std::string& bytes = source.outgoing.front().bytes;
    const std::size_t size =
        random_.chance(kWhole) ? bytes.size() : 1 + random_.below(bytes.size());
    const std::string_view piece = std::string_view{bytes}.substr(0, size);
    delivery.size += size;
    delivery.checksum = base::crc32c(piece, delivery.checksum);
    target.received += piece;
    if (size < bytes.size()) {
      bytes.erase(0, size);
      return;
    }
    source.outgoing.pop_front();
  } while (!source.outgoing.empty() && source.outgoing.front().kind == Kind::data &&
           source.outgoing.front().due <= now_ && random_.chance(kTogether));
}

}  // namespace weir::simulation
