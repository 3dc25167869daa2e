// HeartbeatMonitor: which peers have been silent for too long? Pure: time comes in as an argument.
//
// A peer is lost when nothing has been heard of it for its limit. The limit is the configured
// timeout and a margin for how late the peer's heartbeats have come lately: their smoothed lateness
// and four times its deviation, after Bertier, Marin, Sens, "Implementation and performance
// evaluation of an adaptable failure detector" (DSN 2002), which takes the estimate from Jacobson
// (RFC 6298). It serves as phi does in Hayashibara et al., "The phi accrual failure detector"
// (SRDS 2004), which Akka uses with an "acceptable heartbeat pause" in place of our timeout, but
// has a least and a greatest value that can be promised.
//
// Whoever was frozen itself must not declare the others dead when it wakes: time by which the
// monitor's own tick comes late counts as silence of nobody, and after a long delay peers have a
// while to be heard before any is declared lost (Cassandra: "not marking nodes down due to local
// pause").
//
// Invariants
//  - No peer is lost earlier than the configured timeout after it was last heard.
//  - While ticks come on time, a silent peer is lost after three times the timeout at the latest.
//  - Ticks that always come late only slow the monitor down: each moves it on.
#pragma once

#include "base/ids.hpp"

#include <weir/time.hpp>

#include <map>
#include <optional>
#include <vector>

namespace weir::runtime {

struct HeartbeatOptions {
  /// Time between two heartbeats of a peer.
  Duration interval = std::chrono::milliseconds{500};
  /// Silence after which a peer is lost, if its heartbeats used to be on time; above `interval`.
  Duration timeout = std::chrono::seconds{3};
};

/// See the file comment. `now` is monotonic time.
class HeartbeatMonitor {
public:
  explicit HeartbeatMonitor(const HeartbeatOptions& options);

  /// Begins to watch a peer, as one that has been heard just now.
  void watch(WorkerId peer, Duration now);
  /// No longer watches a peer, if it did.
  void forget(WorkerId peer);
  bool is_watching(WorkerId peer) const { return peers_.contains(peer); }

  /// A peer has given a sign of life: a heartbeat or any other message. Ignored of strangers.
  void on_heard(WorkerId peer, Duration now);
  /// Something was read from a peer's process at a moment that may be past. To be called before the
  /// next `on_tick` then, so that a heartbeat that is held up behind data is not missed. Ignored of
  /// strangers, and if the peer was heard since.
  void on_sign(WorkerId peer, Duration at);

  /// Time has passed; to be called at `next_wake`, and harmless at any other time. Returns the
  /// peers that are lost and forgets them.
  std::vector<WorkerId> on_tick(Duration now);

  /// When `on_tick` is needed next; none if nobody is watched. What comes later than this counts as
  /// a delay of the monitor itself.
  std::optional<Duration> next_wake() const;

  /// How long nothing has been heard of a watched peer, without delays of the monitor.
  Duration silence(WorkerId peer, Duration now) const;
  /// How long a watched peer may be silent: from the timeout to three times the timeout.
  Duration limit(WorkerId peer) const;

private:
  struct Peer {
    Duration heard_at{};
    Duration own_delay{};  // of the monitor, since then
    Duration lateness{};   // of its heartbeats, smoothed
    Duration deviation{};  // of the lateness, smoothed
  };

  Duration delay_since(const Peer& peer, Duration now) const;
  Duration silence(const Peer& peer, Duration now) const;
  Duration limit(const Peer& peer) const;
  Duration longest_limit() const { return 3 * options_.timeout; }
  Duration deadline(const Peer& peer) const;
  void plan_wake(Duration now);

  HeartbeatOptions options_;
  std::map<WorkerId, Peer> peers_;
  Duration wake_{};                            // when watching anybody: when the next tick is due
  std::optional<Duration> catching_up_until_;  // after a delay: nobody is lost before
};

}  // namespace weir::runtime
