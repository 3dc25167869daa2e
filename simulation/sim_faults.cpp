// What befalls the machines and cables of a SimFabric.
#include "base/assert.hpp"
#include "simulation/sim_fabric.hpp"

#include <algorithm>

namespace weir::simulation {
namespace {

using State = Socket::State;
using Peer = Socket::Peer;

// Linux waits no longer than this before it sends again.
constexpr Duration kRetryMax = std::chrono::seconds{120};
constexpr double kPolite = 0.5;  // chance that a killed process' connection ends without a reset

}  // namespace

std::vector<SocketId> SimFabric::open_sockets(HostId host) const {
  std::vector<SocketId> ends;
  for (const auto& [id, socket] : sockets_)
    if (socket.host == host && socket.state != State::closed) ends.push_back(id);
  return ends;
}

void SimFabric::end_process(HostId host) {
  std::vector<ListenerId> ports;
  for (const auto& [id, listener] : listeners_)
    if (listener.host == host) ports.push_back(id);
  for (const ListenerId id : ports) stop_listening(id);
  for (const SocketId id : open_sockets(host)) close(id);
}

void SimFabric::kill_process(HostId host) {
  for (const SocketId id : open_sockets(host)) {
    Socket& end = socket(id);
    if (end.state != State::open || end.peer == Peer::gone || random_.chance(kPolite)) continue;
    break_off(id);
    end.peer = Peer::gone;  // so that nothing follows the reset
  }
  end_process(host);
}

void SimFabric::power_off(HostId host) {
  hosts_[index(host)].has_power = false;
  hosts_[index(host)].off_since = now_;
  std::erase_if(listeners_, [&](const auto& entry) { return entry.second.host == host; });
  std::vector<SocketId> ends;
  for (auto& [id, socket] : sockets_) {
    if (socket.host != host) continue;
    socket.state = State::closed;
    lose_tail(socket);
    ends.push_back(id);
  }
  for (const SocketId id : ends)
    if (find(id) != nullptr) forget_if_over(id);
}

void SimFabric::power_on(HostId host) {
  Host& machine = hosts_[index(host)];
  if (machine.has_power) return;
  machine.has_power = true;
  send_again(std::nullopt, host, machine.off_since);
}

void SimFabric::cut(HostId from, HostId to) {
  WEIR_ASSERT(from != to, "a machine is not cut off from itself");
  Cable& way = cable(from, to);
  if (way.is_cut) return;
  way.is_cut = true;
  way.cut_at = now_;
}

void SimFabric::heal(HostId from, HostId to) {
  Cable& way = cable(from, to);
  if (!way.is_cut) return;
  way.is_cut = false;
  send_again(from, to, way.cut_at);
}

void SimFabric::send_again(std::optional<HostId> from, HostId to, Duration since) {
  const Duration pause_max = std::min(now_ - since, kRetryMax);
  for (auto& [id, source] : sockets_) {
    if (socket(peer_of(id)).host != to || source.outgoing.empty()) continue;
    if (from && source.host != *from) continue;
    // A kernel doubles its pause each time that nothing is acknowledged.
    const auto pause_bound = static_cast<std::uint64_t>(pause_max.count()) + 1;
    const Duration again = now_ + Duration{random_.below(pause_bound)};
    for (Segment& segment : source.outgoing) segment.due = std::max(segment.due, again);
  }
}

void SimFabric::reset_connections(HostId one, HostId other) {
  for (auto& [id, socket] : sockets_) {
    const HostId far = sockets_.at(peer_of(id)).host;
    const bool is_between =
        (socket.host == one && far == other) || (socket.host == other && far == one);
    if (is_between && socket.state == State::open && socket.peer != Peer::gone) break_off(id);
  }
}

}  // namespace weir::simulation
