#include "runtime/cluster/heartbeat_monitor.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace weir::runtime {

HeartbeatMonitor::HeartbeatMonitor(const HeartbeatOptions& options) : options_{options} {
  WEIR_ASSERT(options.interval > Duration{} && options.timeout > options.interval,
              "heartbeat options were used that had not been validated");
}

void HeartbeatMonitor::watch(WorkerId peer, Duration now) {
  if (peers_.empty()) {
    wake_ = now + options_.interval;
    catching_up_until_.reset();
  }
  peers_.insert_or_assign(peer, Peer{.heard_at = now});
}

void HeartbeatMonitor::forget(WorkerId peer) {
  peers_.erase(peer);
}

void HeartbeatMonitor::on_heard(WorkerId peer, Duration now) {
  const auto at = peers_.find(peer);
  if (at == peers_.end()) return;
  Peer& heard = at->second;
  const Duration gap = silence(heard, now);
  // What comes sooner than half an interval after the last sign is no heartbeat of its own: another
  // message, or one of several that were held up together. It says nothing about being on time.
  if (gap >= options_.interval / 2) {
    const Duration late = std::max(gap - options_.interval, Duration{});
    const Duration error = late - heard.lateness;
    heard.lateness += error / 8;
    heard.deviation += (std::chrono::abs(error) - heard.deviation) / 4;
  }
  heard.heard_at = now;
  heard.own_delay = {};
}

void HeartbeatMonitor::on_sign(WorkerId peer, Duration at) {
  const auto known = peers_.find(peer);
  if (known != peers_.end() && at > known->second.heard_at) on_heard(peer, at);
}

std::vector<WorkerId> HeartbeatMonitor::on_tick(Duration now) {
  if (peers_.empty()) return {};
  for (auto& [id, peer] : peers_) peer.own_delay += delay_since(peer, now);
  // A shorter delay cannot have held up all heartbeats of a peer that is silent for the timeout.
  const Duration delay = now - wake_;
  if (delay > std::min(options_.interval, options_.timeout / 4))
    catching_up_until_ = now + std::min(delay, options_.timeout);
  std::vector<WorkerId> lost;
  for (const auto& [id, peer] : peers_) {
    if (deadline(peer) <= now) lost.push_back(id);
  }
  for (const WorkerId id : lost) peers_.erase(id);
  plan_wake(now);
  return lost;
}

/// Chooses the next tick: often enough that a delay is seen as one, and at the next deadline.
void HeartbeatMonitor::plan_wake(Duration now) {
  wake_ = now + options_.interval;
  for (const auto& [id, peer] : peers_) wake_ = std::min(wake_, deadline(peer));
}

std::optional<Duration> HeartbeatMonitor::next_wake() const {
  if (peers_.empty()) return std::nullopt;
  return wake_;
}

/// Returns how long the monitor has been late since it last heard the peer, as far as no tick has
/// taken it into account.
Duration HeartbeatMonitor::delay_since(const Peer& peer, Duration now) const {
  return std::max(now - std::max(wake_, peer.heard_at), Duration{});
}

Duration HeartbeatMonitor::silence(const Peer& peer, Duration now) const {
  return now - peer.heard_at - peer.own_delay - delay_since(peer, now);
}

Duration HeartbeatMonitor::limit(const Peer& peer) const {
  return std::min(options_.timeout + peer.lateness + 4 * peer.deviation, longest_limit());
}

/// Returns when a peer is lost if nothing is heard of it and ticks come on time.
Duration HeartbeatMonitor::deadline(const Peer& peer) const {
  const Duration begin = peer.heard_at + peer.own_delay;
  Duration due = begin + limit(peer);
  // Whose ticks always come late would catch up for ever.
  if (catching_up_until_)
    due = std::min(std::max(due, *catching_up_until_), begin + longest_limit());
  return due;
}

Duration HeartbeatMonitor::silence(WorkerId peer, Duration now) const {
  return silence(peers_.at(peer), now);
}

Duration HeartbeatMonitor::limit(WorkerId peer) const {
  return limit(peers_.at(peer));
}

}  // namespace weir::runtime
