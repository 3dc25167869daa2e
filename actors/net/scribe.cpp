#include "actors/net/scribe.hpp"

#include "actors/net/frame_guard.hpp"

#include <caf/io/network/stream_impl.hpp>
#include <caf/make_counted.hpp>
#include <caf/policy/tcp.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::net {
namespace {

using caf::io::network::native_socket;
using caf::io::network::rw_state;
using Multiplexer = caf::io::network::default_multiplexer;

/// Moves bytes through a TLS session that is set up already.
class TlsPolicy {
public:
  explicit TlsPolicy(std::unique_ptr<TlsSession> session) : session_{std::move(session)} {}

  rw_state read_some(std::size_t& count, native_socket, void* bytes, std::size_t size) {
    return state_of(session_->read(static_cast<char*>(bytes), size, count));
  }

  rw_state write_some(std::size_t& count, native_socket, const void* bytes, std::size_t size) {
    return state_of(session_->write(static_cast<const char*>(bytes), size, count));
  }

  bool must_read_more(native_socket, std::size_t threshold) const {
    return session_->pending() >= threshold;
  }

private:
  static rw_state state_of(TlsSession::Outcome outcome) {
    switch (outcome) {
      case TlsSession::Outcome::done:
      case TlsSession::Outcome::
          wants_read:  // success of nothing: CAF tries again at the next event
      case TlsSession::Outcome::wants_write: return rw_state::success;
      case TlsSession::Outcome::closed:
      case TlsSession::Outcome::failed: break;
    }
    return rw_state::failure;
  }

  std::unique_ptr<TlsSession> session_;
};

/// Tells of each piece that is read.
template <class Policy>
class NotedReads : public Policy {
public:
  NotedReads(Policy policy, ConnectionSigns& signs) : Policy{std::move(policy)}, signs_{signs} {}

  rw_state read_some(std::size_t& count, native_socket fd, void* bytes, std::size_t size) {
    const rw_state state = Policy::read_some(count, fd, bytes, size);
    if (state == rw_state::success && count != 0) signs_.on_read();
    return state;
  }

private:
  ConnectionSigns& signs_;
};

/// A scribe as CAF's own are, but for the guard that sees each header first, and for the signs.
template <class Policy>
class GuardedScribe final : public caf::io::scribe {
public:
  GuardedScribe(Multiplexer& multiplexer, native_socket fd, const Address& peer,
                const ScribeLimits& limits, Policy policy)
      : scribe{caf::io::network::conn_hdl_from_socket(fd)},
        guard_{limits.max_message_bytes},
        signs_{guard_, limits.signs},
        stream_{multiplexer, fd, std::move(policy), signs_},
        address_{peer.text()},
        port_{peer.port()},
        log_{limits.log} {}

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (std::exchange(is_launched_, true)) return;
    stream_.start(this);
  }
  bool consume(caf::execution_unit* context, const void* bytes, std::size_t size) override {
    const std::string_view frame{static_cast<const char*>(bytes), size};
    signs_.on_frame(context, frame);
    const auto wrong = guard_.next(frame);
    if (!wrong) return scribe::consume(context, bytes, size);
    log_->refused(address_, port_, "it was let in and then sent " + *wrong);
    caf::io::network::shutdown_both(stream_.fd());
    io_failure(context, caf::io::network::operation::read);
    return false;
  }

  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void flush() override { stream_.flush(this); }
  std::string addr() const override { return address_; }
  std::uint16_t port() const override { return port_; }
  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

private:
  FrameGuard guard_;
  ConnectionSigns signs_;
  caf::io::network::stream_impl<NotedReads<Policy>> stream_;  // uses the signs
  bool is_launched_ = false;
  std::string address_;
  std::uint16_t port_;
  std::shared_ptr<RefusalLog> log_;
};

template <class Policy>
caf::io::scribe_ptr make(Multiplexer& multiplexer, Welcomed& connection, const ScribeLimits& limits,
                         Policy policy) {
  return caf::make_counted<GuardedScribe<Policy>>(multiplexer, connection.fd.release(),
                                                  connection.peer, limits, std::move(policy));
}

}  // namespace

caf::io::scribe_ptr make_scribe(Multiplexer& multiplexer, Welcomed connection,
                                const ScribeLimits& limits) {
  if (connection.tls == nullptr) return make(multiplexer, connection, limits, caf::policy::tcp{});
  return make(multiplexer, connection, limits, TlsPolicy{std::move(connection.tls)});
}

}  // namespace weir::net
