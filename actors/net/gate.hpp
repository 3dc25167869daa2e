// Gate: where incoming connections wait until they have shown who they are.
//
// It has a thread of its own, so that strangers cost the cluster's connections nothing: neither the
// time for their TLS handshakes, nor the room that they take up while they say nothing.
//
// Invariants
//  - Each connection ends within the time limit: admitted, or refused with a line in the log.
//  - When too many wait, those that wait the longest are refused first: honest peers need
//    milliseconds, so a crowd of silent ones does not keep them out.
#pragma once

#include "actors/net/handshake.hpp"
#include "actors/net/refusal_log.hpp"

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace weir::net {

/// What strangers may take up.
struct GateLimits {
  Duration timeout = std::chrono::seconds{3};  ///< for the whole handshake
  std::size_t waiting = 256;                   ///< handshakes at a time
};

/// Carries out the accepting side of handshakes.
class Gate {
public:
  /// Called on the gate's thread with a connection whose peer was let in. Must not block.
  using Admit = std::function<void(Welcomed)>;

  /// `tls` is null for plain connections. `log` and `clock` must outlive the gate.
  Gate(Identity mine, std::shared_ptr<const TlsContext> tls, GateLimits limits, RefusalLog& log,
       const Clock& clock);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Takes a connection that was just accepted. May be called from any thread.
  void receive(Fd fd, Admit admit);
  /// Closes all connections that wait. Later ones are closed at once. Returns when no `Admit` runs
  /// any more; must not be called from one.
  void stop();

private:
  struct Arrival {
    Fd fd;
    Address peer;
    Admit admit;
  };
  struct Visitor {
    Handshake handshake;
    Admit admit;
    Duration deadline;
    Handshake::Need need;
  };
  using Visitors = std::list<Visitor>;

  void run();
  bool let_in_arrivals();
  void wait();
  void go_on(Visitors::iterator visitor);
  void expire();
  void refuse(const Address& peer, std::string_view reason);

  const Identity mine_;
  const std::shared_ptr<const TlsContext> tls_;
  const GateLimits limits_;
  RefusalLog& log_;
  const Clock& clock_;
  Signal wake_;
  Visitors visitors_;  // of the thread; the oldest first
  std::mutex mutex_;
  std::vector<Arrival> arrivals_;  // guarded by mutex_
  bool is_stopped_ = false;        // guarded by mutex_
  std::thread thread_;             // last: it uses all of the above
};

}  // namespace weir::net
