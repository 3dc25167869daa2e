// SimFabric: the cables between simulated machines, and the TCP of their kernels. It knows nothing
// of actors.
//
// - Bytes of a connection arrive in order, in pieces, and completely, or the connection ends.
// - A kernel works on while its process is frozen: it accepts connections and bytes.
// - What meets a cut cable waits and is sent again after it is healed, later the longer the cut
//   was; but a reset is sent once and then lost. So one end can be closed and the other not know.
// - A machine without power answers nothing. With power and without a listener it refuses.
// - Not simulated: windows (a kernel takes any number of bytes), keep-alive, and the quarter of an
//   hour after which a kernel gives up a connection whose bytes are not acknowledged.
#pragma once

#include "base/random.hpp"
#include "simulation/sim_socket.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::simulation {

/// What one step on a cable did.
struct Delivery {
  SocketId from{};
  Segment::Kind kind{};
  std::size_t size = 0;  // bytes
  std::uint32_t checksum = 0;
};

/// See the file comment. One thread at a time, like everything under simulation.
class SimFabric {
public:
  /// Cables begin as `cable`; a dial that nobody answers fails after `dial_timeout`. Draws from
  /// `random`, which must outlive the fabric.
  SimFabric(base::Random& random, Cable cable, Duration dial_timeout)
      : random_{random}, new_cable_{cable}, dial_timeout_{dial_timeout} {}

  /// Adds a machine, with power, or returns the one of that name.
  HostId add_host(const std::string& name);
  const std::string& name_of(HostId host) const { return hosts_[index(host)].name; }

  // ---- what a process asks of its kernel -------------------------------------------------------

  /// Listens on a port; 0 takes a free one. None if it is in use.
  std::optional<ListenerId> listen(HostId host, std::uint16_t port);
  std::uint16_t port_of(ListenerId id) const { return listeners_.at(id).port; }
  bool has_dial(ListenerId id) const;
  /// Takes the oldest connection that waits; there must be one.
  SocketId accept(ListenerId id);
  /// Connections that were not accepted are reset. Does nothing if the listener is gone.
  void stop_listening(ListenerId id);

  /// Begins to connect; none if no machine has that name. The socket is then `dialing` until it is
  /// `open` or its peer is `gone`.
  std::optional<SocketId> dial(HostId from, const std::string& to, std::uint16_t port);
  /// Sends, if the socket is open.
  void send(SocketId id, std::string bytes);
  /// Closes this end. What was sent before still arrives, but if bytes were not read the connection
  /// is reset, as Linux does. Does nothing if it is closed.
  void close(SocketId id);
  /// Returns a socket, or null if both of its ends are closed.
  Socket* find(SocketId id);

  // ---- what befalls machines and cables --------------------------------------------------------

  /// The process ends: its kernel closes each connection and port.
  void end_process(HostId host);
  /// The same, but some connections are reset, and a part of what was sent is lost.
  void kill_process(HostId host);
  /// The machine dies without a word, perhaps in the middle of what it was sending.
  void power_off(HostId host);
  void power_on(HostId host);
  bool has_power(HostId host) const { return hosts_[index(host)].has_power; }

  /// The cable of one direction. Cut it by `cut`.
  Cable& cable(HostId from, HostId to);
  void cut(HostId from, HostId to);
  void heal(HostId from, HostId to);
  /// Something between two machines resets their connections. Each end learns of it in its own
  /// time; a part of what was on its way is lost.
  void reset_connections(HostId one, HostId other);

  // ---- time and steps --------------------------------------------------------------------------

  /// Time goes on to `now`.
  void advance(Duration now);
  /// When something can arrive next, or a dial fails; none if nothing ever will as things stand.
  std::optional<Duration> next_event();
  /// Finds the sockets whose sent bytes can arrive now.
  const std::vector<SocketId>& find_deliverable();
  const std::vector<SocketId>& deliverable() const { return deliverable_; }
  /// Delivers from one of them.
  Delivery deliver(SocketId from);

  /// Sockets that are not closed at both ends.
  std::size_t socket_count() const { return sockets_.size(); }

private:
  struct Host {
    std::string name;
    bool has_power = true;
    Duration off_since{};
    std::uint16_t next_port = 49152;  // of those that are given out
  };
  struct Listener {
    HostId host;
    std::uint16_t port;
    std::deque<SocketId> dials;
  };

  std::vector<SocketId> open_sockets(HostId host) const;
  static std::size_t index(HostId host) { return static_cast<std::size_t>(host); }
  Socket& socket(SocketId id) { return sockets_.at(id); }
  Listener* find_listener(HostId host, std::uint16_t port);

  void push(SocketId from, Segment::Kind kind, std::string bytes = {});
  /// Answers what came for a socket that is closed.
  void refuse(SocketId from);
  /// Loses a part of what is on its way, and resets.
  void break_off(SocketId id);
  void lose_tail(Socket& socket);
  void deliver_data(Socket& source, Socket& target, Delivery& delivery);
  void deliver_dial(SocketId from);
  void forget_if_over(SocketId id);
  /// When the first segment can arrive; none if something holds it.
  std::optional<Duration> arrival(SocketId from, const Socket& source) const;
  /// What was held since `since` on the way to `to`, or from `from` there, is sent again.
  void send_again(std::optional<HostId> from, HostId to, Duration since);

  base::Random& random_;
  Cable new_cable_;
  Duration dial_timeout_;
  Duration now_{};
  std::vector<Host> hosts_;
  std::map<std::pair<HostId, HostId>, Cable> cables_;
  std::map<ListenerId, Listener> listeners_;
  std::map<SocketId, Socket> sockets_;
  std::vector<SocketId> sending_;      // all that have something to send, and some that had
  std::vector<SocketId> dialing_;      // likewise
  std::vector<SocketId> deliverable_;  // found for this step
  std::uint64_t next_socket_ = 2;      // even numbers dial, odd ones answer
  std::uint64_t next_listener_ = 1;
};

}  // namespace weir::simulation
