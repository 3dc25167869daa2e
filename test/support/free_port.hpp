// A port for a server of a test, which must be known before the server starts.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <stdexcept>

namespace weir::test {

/// Returns a port of the loopback interface that nobody listens at.
inline int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto generic = std::bit_cast<::sockaddr>(address);
  ::socklen_t size = sizeof generic;
  const bool is_bound = ::bind(socket, &generic, size) == 0;
  if (!is_bound || ::getsockname(socket, &generic, &size) != 0)
    throw std::runtime_error{"no free port"};
  ::close(socket);
  return ntohs(std::bit_cast<::sockaddr_in>(generic).sin_port);
}

}  // namespace weir::test
