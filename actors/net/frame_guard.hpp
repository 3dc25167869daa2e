// Looks at the headers of CAF's protocol (BASP) as they pass, of a peer that was let in already.
//
// The parser behind it dereferences the payload of every handshake, also when the header says that
// there is none, and reserves as many bytes as the header asks for. Both are refused here: an
// honest peer does neither.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

/// One connection's sequence of headers and payloads, each given as a whole.
class FrameGuard {
public:
  /// `max_payload_bytes`: the largest message that a peer may send.
  explicit FrameGuard(std::uint32_t max_payload_bytes) : max_payload_bytes_{max_payload_bytes} {}

  /// Takes the next header or payload. Returns what is wrong with it, if it must not be parsed.
  std::optional<std::string> next(std::string_view bytes);
  /// Whether the next one is the payload of a message.
  bool awaits_payload() const { return payload_follows_; }

private:
  std::uint32_t max_payload_bytes_;
  bool payload_follows_ = false;
};

}  // namespace weir::net
