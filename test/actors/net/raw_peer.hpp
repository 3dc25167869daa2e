// RawPeer: a stranger on a TCP connection, who sends what nobody expects.
#pragma once

#include "actors/net/sockets.hpp"

#include <caf/node_id.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::test {

/// A connection to 127.0.0.1. Fails the test if there is none.
class RawPeer {
public:
  explicit RawPeer(std::uint16_t port);

  /// Sends all of `bytes`; false if the other side has closed the connection meanwhile.
  bool send(std::string_view bytes);
  /// Reads until the other side closes the connection, and returns what came.
  std::string read_to_end();
  /// Reads exactly `size` bytes, or fewer if the connection is closed before.
  std::string read(std::size_t size);

  int fd() const { return fd_.get(); }

private:
  net::Fd fd_;
};

/// How the process `node` introduces itself when it has dialled.
std::string handshake_of(const caf::node_id& node);
/// What is known to bring CAF's parser down.
std::string header_without_payload(unsigned char operation);
std::string header_with_length(unsigned char operation, std::uint32_t length);
/// A message that holds a message that holds a message ..., `depth` times.
std::string nested_message(std::size_t depth);

}  // namespace weir::test
