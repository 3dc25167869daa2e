// TCP sockets: addresses, listening, connecting with a deadline.
#pragma once

#include <weir/clock.hpp>
#include <weir/result.hpp>

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::net {

/// Owns a file descriptor.
class Fd {
public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_{fd} {}
  Fd(Fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();

  int get() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }
  /// Hands it to the caller.
  int release() noexcept { return std::exchange(fd_, -1); }

private:
  int fd_ = -1;
};

/// Where something can be reached.
struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  /// The address without the port, as a number: "127.0.0.1", "::1".
  std::string text() const;
  std::uint16_t port() const;
};

/// Finds the addresses of `host`; may ask a name server and block for seconds. An empty host or "*"
/// means all addresses of this machine, for listening.
Result<std::vector<Address>> resolve(const std::string& host, std::uint16_t port);

/// "HOST:PORT" for messages, with brackets around an IPv6 address.
std::string endpoint_text(std::string_view host, std::uint16_t port);

/// Opens a socket that listens on `address`. `already_exists` if the port is in use.
Result<Fd> listen_on(const Address& address);

/// The two ends of a connected socket.
Result<Address> local_address(int fd);
Result<Address> peer_address(int fd);

/// An event that can be waited for together with sockets. May be raised from any thread; stays
/// raised until it is cleared.
class Signal {
public:
  Signal();
  void raise() const noexcept;
  void clear() const noexcept;
  int fd() const noexcept { return fd_.get(); }

private:
  Fd fd_;
};

/// Waits until `fd` can do one of `events` (POLLIN, POLLOUT), whatever comes out of it.
/// `deadline_exceeded` when `clock` has reached `deadline`, `cancelled` when `stop` was raised.
Status wait_for(int fd, short events, Duration deadline, const Signal& stop, const Clock& clock);

/// Connects a socket, which does not block afterwards. Errors say why, without the address.
Result<Fd> connect_to(const Address& address, Duration deadline, const Signal& stop,
                      const Clock& clock);

/// Prepares a connected socket: no delay for small messages, and probes that notice within half a
/// minute that the other machine is gone.
void set_connection_options(int fd);

}  // namespace weir::net
