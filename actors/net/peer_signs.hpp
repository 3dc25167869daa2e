// PeerSigns: when something was last read from each other process.
//
// A heartbeat travels behind the data on its connection, and comes late where much of that waits.
// But what holds it up is read here meanwhile, and shows as well that the peer is there.
//
// Invariants
//  - Only bytes of messages count. CAF's own heartbeats, headers without a payload, do not: its I/O
//    thread sends them also when no actor of the process gets a turn.
//  - A piece of a message counts when it is read, not when the message is complete.
//  - A process that is frozen or cut off gives no signs but those that were on their way.
#pragma once

#include "actors/net/frame_guard.hpp"

#include <weir/clock.hpp>

#include <caf/fwd.hpp>
#include <caf/node_id.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace weir::net {

/// See the file comment. May be used from any thread; the clock must outlive it.
class PeerSigns {
public:
  /// When something was read last: monotonic time.
  using Sign = std::atomic<Duration::rep>;

  explicit PeerSigns(const Clock& clock) : clock_{clock} {}

  /// Returns where connections to `peer` note what they read. It lives as long as one of them.
  std::shared_ptr<Sign> connect(const caf::node_id& peer);
  /// Returns when something was last read from `peer`: monotonic time; none without a connection.
  std::optional<Duration> last(const caf::node_id& peer) const;
  Duration now() const { return clock_.monotonic(); }

private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<caf::node_id, std::weak_ptr<Sign>> signs_;  // guarded by mutex_
};

/// What one connection notes. Used by one thread at a time.
class ConnectionSigns {
public:
  /// `guard`, of the same connection, knows headers from payloads, and must outlive this.
  ConnectionSigns(const FrameGuard& guard, std::shared_ptr<PeerSigns> signs)
      : guard_{guard}, signs_{std::move(signs)} {}

  /// Something was read that the guard has not seen: a header or payload, or a piece of it.
  void on_read();
  /// To be called with each header or payload before the guard. The first payload, CAF's handshake,
  /// begins with who the peer is.
  void on_frame(caf::execution_unit* context, std::string_view bytes);

private:
  const FrameGuard& guard_;
  std::shared_ptr<PeerSigns> signs_;
  std::shared_ptr<PeerSigns::Sign> sign_;  // null until the peer is known
};

}  // namespace weir::net
