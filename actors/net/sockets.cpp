#include "actors/net/sockets.hpp"

#include "base/assert.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <system_error>

namespace weir::net {
namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// What the socket functions take for every kind of address.
sockaddr* generic(sockaddr_storage& bytes) {
  return reinterpret_cast<sockaddr*>(&bytes);
}
const sockaddr* generic(const sockaddr_storage& bytes) {
  return reinterpret_cast<const sockaddr*>(&bytes);
}

template <class T>
T as(const sockaddr_storage& bytes) {
  T address{};
  std::memcpy(&address, &bytes, sizeof address);
  return address;
}

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

Result<Fd> open_socket(const Address& address) {
  Fd fd{::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd.is_open()) return Status{ErrorCode::unavailable, "no socket: " + reason(errno)};
  return fd;
}

Status cannot_listen(int error) {
  switch (error) {
    case EADDRINUSE:
      return {ErrorCode::already_exists,
              "the port is in use; stop what listens there, or take another port (0 chooses one)"};
    case EADDRNOTAVAIL:
      return {ErrorCode::invalid_argument,
              "the address is none of this machine's; `ip address` lists them"};
    case EACCES:
      return {ErrorCode::permission_denied, "ports below 1024 need privileges; take a higher one"};
    default: return {ErrorCode::unavailable, reason(error)};
  }
}

using OneEnd = int (*)(int, sockaddr*, socklen_t*);

Result<Address> end_of(int fd, OneEnd ask) {
  Address address;
  address.size = sizeof address.bytes;
  if (ask(fd, generic(address.bytes), &address.size) != 0)
    return Status{ErrorCode::unavailable, reason(errno)};
  return address;
}

}  // namespace

Fd::~Fd() {
  if (is_open()) ::close(fd_);
}

std::string Address::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (bytes.ss_family == AF_INET) {
    const auto v4 = as<sockaddr_in>(bytes);
    ::inet_ntop(AF_INET, &v4.sin_addr, buffer, sizeof buffer);
  } else {
    const auto v6 = as<sockaddr_in6>(bytes);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, buffer, sizeof buffer);
  }
  return buffer;
}

std::uint16_t Address::port() const {
  return ntohs(bytes.ss_family == AF_INET ? as<sockaddr_in>(bytes).sin_port
                                          : as<sockaddr_in6>(bytes).sin6_port);
}

Result<std::vector<Address>> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const bool is_any = host.empty() || host == "*";
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(is_any ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0)
    return Status{error == EAI_AGAIN ? ErrorCode::unavailable : ErrorCode::not_found,
                  "no address is known for \"" + host + "\": " + ::gai_strerror(error) +
                      "; check the name, or give the address as a number"};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{found, ::freeaddrinfo};
  std::vector<Address> addresses;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6) continue;
    Address& address = addresses.emplace_back();
    std::memcpy(&address.bytes, info->ai_addr, info->ai_addrlen);
    address.size = info->ai_addrlen;
  }
  // A socket for all IPv6 addresses takes IPv4 as well; not the other way round.
  if (is_any)
    std::stable_partition(addresses.begin(), addresses.end(), [](const Address& address) {
      return address.bytes.ss_family == AF_INET6;
    });
  return addresses;
}

std::string endpoint_text(std::string_view host, std::uint16_t port) {
  std::string text{host};
  if (text.find(':') != std::string::npos) text.insert(0, "[").append("]");
  return text + ":" + std::to_string(port);
}

Result<Fd> listen_on(const Address& address) {
  auto fd = open_socket(address);
  if (!fd.ok()) return fd;
  // A restarted process takes its port again while old connections still linger.
  set_option(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.bytes.ss_family == AF_INET6) set_option(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(fd->get(), generic(address.bytes), address.size) != 0) return cannot_listen(errno);
  if (::listen(fd->get(), SOMAXCONN) != 0) return cannot_listen(errno);
  return fd;
}

Result<Address> local_address(int fd) {
  return end_of(fd, ::getsockname);
}

Result<Address> peer_address(int fd) {
  return end_of(fd, ::getpeername);
}

Signal::Signal() : fd_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
  WEIR_ASSERT(fd_.is_open(), "the process has no file descriptor left for an event");
}

void Signal::raise() const noexcept {
  const std::uint64_t one = 1;
  // Can fail only when it was raised 2^64 times.
  [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
}

void Signal::clear() const noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(fd_.get(), &count, sizeof count);
}

Status wait_for(int fd, short events, Duration deadline, const Signal& stop, const Clock& clock) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.monotonic());
    if (left.count() <= 0) return {ErrorCode::deadline_exceeded, "no answer in time"};
    pollfd fds[2] = {{fd, events, 0}, {stop.fd(), POLLIN, 0}};
    if (::poll(fds, 2, static_cast<int>(left.count())) < 0 && errno != EINTR)
      return {ErrorCode::unavailable, reason(errno)};
    if (fds[1].revents != 0) return {ErrorCode::cancelled, "this process ends"};
    if (fds[0].revents != 0) return {};
  }
}

Result<Fd> connect_to(const Address& address, Duration deadline, const Signal& stop,
                      const Clock& clock) {
  auto fd = open_socket(address);
  if (!fd.ok()) return fd;
  if (::connect(fd->get(), generic(address.bytes), address.size) != 0) {
    if (errno != EINPROGRESS) return Status{ErrorCode::unavailable, reason(errno)};
    if (Status waited = wait_for(fd->get(), POLLOUT, deadline, stop, clock); !waited.ok())
      return waited;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd->get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error == ECONNREFUSED) return Status{ErrorCode::unavailable, "nobody listens there"};
    if (error != 0) return Status{ErrorCode::unavailable, reason(error)};
  }
  set_connection_options(fd->get());
  return fd;
}

void set_connection_options(int fd) {
  constexpr int kIdleSeconds = 15;
  constexpr int kBetweenSeconds = 5;
  constexpr int kProbes = 3;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kIdleSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kBetweenSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

}  // namespace weir::net
