#include "simulation/sim_servants.hpp"

#include "base/assert.hpp"

#include <caf/io/abstract_broker.hpp>
#include <caf/make_counted.hpp>

#include <algorithm>
#include <limits>
#include <string_view>

namespace weir::simulation {

SimMultiplexer::Scribe::Scribe(SimMultiplexer& owner, caf::io::connection_handle handle,
                               SocketId id)
    : scribe{handle},
      owner_{owner},
      id_{id},
      guard_{std::numeric_limits<std::uint32_t>::max()},
      signs_{guard_, owner.signs_} {
  owner_.scribes_.emplace(handle.id(), this);
}

SimMultiplexer::Scribe::~Scribe() {
  owner_.scribes_.erase(hdl().id());
  close();
}

bool SimMultiplexer::Scribe::can_read() const {
  const std::size_t unread = socket()->unread();
  const bool takes_less = policy_.first == caf::io::receive_policy_flag::at_most;
  return reads_ && unread != 0 && (takes_less || unread >= policy_.second);
}

bool SimMultiplexer::Scribe::has_failed() const {
  const Socket::Peer peer = socket()->peer;
  return reads_ && (peer == Socket::Peer::gone || (peer == Socket::Peer::ended && !can_read()));
}

std::size_t SimMultiplexer::Scribe::consume_next() {
  Socket& s = *owner_.fabric_.find(id_);
  const bool takes_all = policy_.first == caf::io::receive_policy_flag::at_least;
  const std::size_t size = takes_all ? s.unread() : std::min(s.unread(), policy_.second);
  const auto begin = s.received.begin() + static_cast<std::ptrdiff_t>(s.taken);
  unread_.assign(begin, begin + static_cast<std::ptrdiff_t>(size));
  s.taken += size;
  if (s.unread() == 0) {
    s.received.clear();
    s.taken = 0;
  }
  const std::string_view frame{unread_.data(), unread_.size()};
  signs_.on_read();
  signs_.on_frame(&owner_, frame);
  WEIR_ASSERT(!guard_.next(frame), "CAF keeps to its own protocol");
  if (!consume(&owner_, unread_.data(), unread_.size())) reads_ = false;
  return size;
}

void SimMultiplexer::Scribe::configure_read(caf::io::receive_policy::config policy) {
  policy_ = policy;
  reads_ = true;
}

void SimMultiplexer::Scribe::ack_writes(bool enable) {
  WEIR_ASSERT(!enable, "brokers that count written bytes are not simulated");
}

void SimMultiplexer::Scribe::flush() {
  if (unsent_.empty()) return;
  owner_.fabric_.send(id_, std::string{unsent_.begin(), unsent_.end()});
  unsent_.clear();
}

void SimMultiplexer::Scribe::graceful_shutdown() {
  flush();
  close();
  detach(&owner_, false);
}

std::string SimMultiplexer::Scribe::addr() const {
  const Socket* peer = owner_.fabric_.find(peer_of(id_));
  return peer != nullptr ? owner_.fabric_.name_of(peer->host) : "";
}

SimMultiplexer::Doorman::Doorman(SimMultiplexer& owner, caf::io::accept_handle handle,
                                 ListenerId id)
    : doorman{handle}, owner_{owner}, id_{id}, port_{owner.fabric_.port_of(id)} {
  owner_.doormen_.emplace(handle.id(), this);
}

SimMultiplexer::Doorman::~Doorman() {
  owner_.doormen_.erase(hdl().id());
  owner_.fabric_.stop_listening(id_);
}

bool SimMultiplexer::Doorman::new_connection() {
  const auto handle = caf::io::connection_handle::from_int(owner_.next_handle_++);
  parent()->add_scribe(caf::make_counted<Scribe>(owner_, handle, owner_.fabric_.accept(id_)));
  return doorman::new_connection(&owner_, handle);
}

void SimMultiplexer::Doorman::graceful_shutdown() {
  owner_.fabric_.stop_listening(id_);
  detach(&owner_, false);
}

}  // namespace weir::simulation
