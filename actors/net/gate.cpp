#include "actors/net/gate.hpp"

#include "base/text.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir::net {

Gate::Gate(Identity mine, std::shared_ptr<const TlsContext> tls, GateLimits limits, RefusalLog& log,
           const Clock& clock)
    : mine_{mine}, tls_{std::move(tls)}, limits_{limits}, log_{log}, clock_{clock}, thread_{[this] {
        run();
      }} {}

Gate::~Gate() {
  stop();
}

void Gate::receive(Fd fd, Admit admit) {
  auto peer = peer_address(fd.get());
  if (!peer.ok()) return;  // gone already
  set_connection_options(fd.get());
  bool is_crowded = false;
  {
    const std::lock_guard lock{mutex_};
    if (is_stopped_) return;
    is_crowded = arrivals_.size() >= limits_.waiting;
    if (!is_crowded) arrivals_.push_back({std::move(fd), *peer, std::move(admit)});
  }
  if (is_crowded) return refuse(*peer, "too many connections come at once");
  wake_.raise();
}

void Gate::stop() {
  {
    const std::lock_guard lock{mutex_};
    is_stopped_ = true;
  }
  wake_.raise();
  if (thread_.joinable()) thread_.join();
}

void Gate::run() {
  while (let_in_arrivals()) {
    expire();
    wait();
  }
  // They hold on to doormen, and these to the gate.
  visitors_.clear();
  const std::lock_guard lock{mutex_};
  arrivals_.clear();
}

/// Begins the handshakes of who has come meanwhile. False when the gate is stopped.
bool Gate::let_in_arrivals() {
  wake_.clear();
  std::vector<Arrival> arrivals;
  {
    const std::lock_guard lock{mutex_};
    if (is_stopped_) return false;
    arrivals.swap(arrivals_);
  }
  for (Arrival& arrival : arrivals) {
    if (visitors_.size() >= limits_.waiting) {
      refuse(visitors_.front().handshake.peer(),
             "too many connections wait to be let in, and it is the one that waits the longest");
      visitors_.pop_front();
    }
    Handshake handshake{Greeting::Role::accept, mine_, tls_.get(), std::move(arrival.fd),
                        arrival.peer};
    visitors_.push_back({std::move(handshake), std::move(arrival.admit),
                         clock_.monotonic() + limits_.timeout, Handshake::Need::read});
  }
  return true;
}

/// Waits for the sockets that can go on, and lets them.
void Gate::wait() {
  std::vector<pollfd> fds{{wake_.fd(), POLLIN, 0}};
  for (const Visitor& visitor : visitors_) {
    const bool writes = visitor.need == Handshake::Need::write;
    fds.push_back({visitor.handshake.fd(), static_cast<short>(writes ? POLLOUT : POLLIN), 0});
  }
  int timeout = -1;
  if (!visitors_.empty()) {
    const Duration left = visitors_.front().deadline - clock_.monotonic();
    timeout =
        std::max(0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
  }
  if (::poll(fds.data(), fds.size(), timeout) <= 0) return;
  auto visitor = visitors_.begin();
  for (std::size_t i = 1; i < fds.size(); ++i) {
    const auto next = std::next(visitor);
    if (fds[i].revents != 0) go_on(visitor);
    visitor = next;
  }
}

void Gate::go_on(Visitors::iterator visitor) {
  visitor->need = visitor->handshake.go_on();
  if (visitor->need != Handshake::Need::nothing) return;
  const Status& result = visitor->handshake.result();
  if (result.ok())
    visitor->admit(visitor->handshake.take());
  else
    refuse(visitor->handshake.peer(), result.message());
  visitors_.erase(visitor);
}

/// Refuses those whose time is up. All have the same limit, so the oldest is the first.
void Gate::expire() {
  const Duration now = clock_.monotonic();
  while (!visitors_.empty() && visitors_.front().deadline <= now) {
    const Handshake& handshake = visitors_.front().handshake;
    refuse(handshake.peer(), base::format_duration(limits_.timeout) + " were over before " +
                                 handshake.what_is_missing());
    visitors_.pop_front();
  }
}

void Gate::refuse(const Address& peer, std::string_view reason) {
  log_.refused(peer.text(), peer.port(), reason);
}

}  // namespace weir::net
