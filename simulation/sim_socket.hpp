// One end of a simulated TCP connection, and the cable that its bytes travel on.
#pragma once

#include <weir/time.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace weir::simulation {

/// A machine on the network: an index, in the order in which machines were added.
enum class HostId : std::uint32_t {};

/// One end of a connection. Its other end is `peer_of` it. Never used again.
enum class SocketId : std::uint64_t {};

/// A port that somebody listens on. Never used again.
enum class ListenerId : std::uint64_t {};

constexpr SocketId peer_of(SocketId id) {
  return SocketId{static_cast<std::uint64_t>(id) ^ 1};
}

/// What travels between two ends, in order.
struct Segment {
  enum class Kind : std::uint8_t {
    dial,      // SYN
    accepted,  // SYN and ACK
    data,
    end,    // FIN: no more will be sent
    reset,  // RST: refused, or broken off
  };
  Kind kind;
  Duration due;  // when it arrives, unless something holds it
  std::string bytes = {};
};

/// What a cable does to what is sent over it, in one direction.
struct Cable {
  /// Each segment takes a time between these; they never overtake each other.
  Duration delay_min = std::chrono::microseconds{50};
  Duration delay_max = std::chrono::microseconds{500};
  /// 0: as many as are sent.
  std::uint64_t bytes_per_second = 0;
  /// Nothing arrives before.
  Duration stalls_until{};
  /// Nothing arrives; what is sent meanwhile is sent again later, as TCP does.
  bool is_cut = false;
  Duration cut_at{};
  /// When all that was sent so far has left; for `bytes_per_second`.
  Duration busy_until{};
};

/// One end of a connection, as the kernel of its machine keeps it.
struct Socket {
  enum class State : std::uint8_t {
    dialing,
    open,
    closed,  // for the program that had it; what was sent before is still on its way
  };
  enum class Peer : std::uint8_t {
    present,
    ended,  // has closed its end; all it had sent has come
    gone,   // has reset or refused the connection, or never answered
  };

  HostId host;
  std::uint16_t port;  // that was dialled
  State state;
  Peer peer = Peer::present;
  Duration gives_up{};        // when a dial has failed
  std::string received = {};  // from `taken` on not read yet
  std::size_t taken = 0;
  std::deque<Segment> outgoing = {};
  bool is_sending = false;  // the fabric looks at `outgoing`
  Cable* cable = nullptr;   // to the peer's machine

  std::size_t unread() const { return received.size() - taken; }
};

}  // namespace weir::simulation
