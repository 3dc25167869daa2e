#include "base/frame.hpp"

#include "base/checksum.hpp"

#include <weir/codec.hpp>

namespace weir::base {

Bytes frame(FrameKind kind, std::string_view payload) {
  ByteWriter out;
  out.put_raw(kind.magic.data(), kind.magic.size());
  out.put(kind.version);
  out.put(crc32c(payload));
  out.put(std::uint64_t{payload.size()});
  out.put_raw(payload.data(), payload.size());
  return out.take();
}

Result<std::string_view> unframe(FrameKind kind, std::string_view bytes) {
  const auto corrupt = [](const char* why) { return Status{ErrorCode::corrupt, why}; };
  ByteReader in{bytes};
  if (in.get_raw(kind.magic.size()) != kind.magic)
    return corrupt("it does not begin like a file of this kind");
  const auto version = in.get<std::uint32_t>();
  const auto checksum = in.get<std::uint32_t>();
  const auto size = in.get<std::uint64_t>();
  if (!in.ok()) return corrupt("it is truncated");
  if (version != kind.version)
    return Status{ErrorCode::failed_precondition,
                  "it has format version " + std::to_string(version) +
                      ", this program reads version " + std::to_string(kind.version) +
                      "; use the version of Weir that wrote it"};
  if (size != in.remaining()) return corrupt("it is truncated");
  const std::string_view payload = in.get_raw(static_cast<std::size_t>(size));
  if (crc32c(payload) != checksum) return corrupt("its checksum does not match");
  return payload;
}

}  // namespace weir::base
