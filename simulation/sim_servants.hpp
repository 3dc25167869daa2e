// What CAF calls servants of a broker: a connection and a port, as a SimMultiplexer serves them.
#pragma once

#include "actors/net/frame_guard.hpp"
#include "simulation/sim_multiplexer.hpp"

#include <caf/io/doorman.hpp>
#include <caf/io/scribe.hpp>

#include <string>
#include <vector>

namespace weir::simulation {

/// A connection. It is listed by its multiplexer as long as it exists.
class SimMultiplexer::Scribe final : public caf::io::scribe {
public:
  Scribe(SimMultiplexer& owner, caf::io::connection_handle handle, SocketId id);
  ~Scribe() override;

  /// Null if both ends are closed.
  const Socket* socket() const { return owner_.fabric_.find(id_); }
  void close() { owner_.fabric_.close(id_); }

  // There must be a socket.
  bool can_read() const;
  bool has_failed() const;
  /// Gives the broker what it wants to read next; returns the size.
  std::size_t consume_next();

  void configure_read(caf::io::receive_policy::config policy) override;
  void ack_writes(bool enable) override;
  std::vector<char>& wr_buf() override { return unsent_; }
  std::vector<char>& rd_buf() override { return unread_; }
  void flush() override;
  void graceful_shutdown() override;
  void add_to_loop() override { reads_ = true; }
  void remove_from_loop() override { reads_ = false; }
  std::string addr() const override;
  std::uint16_t port() const override { return socket() != nullptr ? socket()->port : 0; }

private:
  SimMultiplexer& owner_;
  SocketId id_;
  caf::io::receive_policy::config policy_{};
  bool reads_ = false;  // as CAF does, from the first `configure_read` on
  net::FrameGuard guard_;
  net::ConnectionSigns signs_;
  std::vector<char> unsent_;
  std::vector<char> unread_;  // what the broker is reading now
};

/// A port. It is listed by its multiplexer as long as it exists.
class SimMultiplexer::Doorman final : public caf::io::doorman {
public:
  Doorman(SimMultiplexer& owner, caf::io::accept_handle handle, ListenerId id);
  ~Doorman() override;

  bool can_accept() const { return accepts_ && owner_.fabric_.has_dial(id_); }

  bool new_connection() override;
  void launch() override { accepts_ = true; }
  void graceful_shutdown() override;
  void add_to_loop() override { accepts_ = true; }
  void remove_from_loop() override { accepts_ = false; }
  std::string addr() const override { return owner_.fabric_.name_of(owner_.host_); }
  std::uint16_t port() const override { return port_; }

private:
  SimMultiplexer& owner_;
  ListenerId id_;
  std::uint16_t port_;
  bool accepts_ = false;
};

}  // namespace weir::simulation
