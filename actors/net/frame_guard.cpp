#include "actors/net/frame_guard.hpp"

#include "base/text.hpp"

namespace weir::net {
namespace {

// The header of BASP, as CAF 0.17.6 writes it: operation (1 byte), padding and flags (3), length of
// the payload (4, big endian), and 24 bytes that do not matter here.
constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kLengthAt = 4;
constexpr unsigned char kHeartbeat = 6;  // the last operation, and the only one without payload

}  // namespace

std::optional<std::string> FrameGuard::next(std::string_view bytes) {
  if (payload_follows_) {
    payload_follows_ = false;
    return std::nullopt;
  }
  if (bytes.size() != kHeaderBytes) return "a header of " + std::to_string(bytes.size()) + " bytes";
  const auto operation = static_cast<unsigned char>(bytes[0]);
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i)
    length = length << 8U | static_cast<unsigned char>(bytes[kLengthAt + i]);
  if (operation > kHeartbeat) return "a message of the unknown kind " + std::to_string(operation);
  if ((length == 0) != (operation == kHeartbeat))
    return "a message of kind " + std::to_string(operation) + " with " + std::to_string(length) +
           " bytes of payload";
  if (length > max_payload_bytes_)
    return "a message of " + base::format_size(length) + ", above the limit of " +
           base::format_size(max_payload_bytes_);
  payload_follows_ = length > 0;
  return std::nullopt;
}

}  // namespace weir::net
