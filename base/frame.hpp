// Frame: what stands around the content of a stored file: what it is, its version, its checksum.
// Layout: docs/formats/metadata.md.
#pragma once

#include <weir/bytes.hpp>
#include <weir/result.hpp>

#include <cstdint>
#include <string_view>

namespace weir::base {

/// Tells kinds of files apart. On disk: do not change.
struct FrameKind {
  std::string_view magic;  // 8 bytes
  std::uint32_t version = 1;
};

/// Returns `payload` behind a header.
Bytes frame(FrameKind kind, std::string_view payload);

/// Returns the payload, which lies in `bytes`. `corrupt` says what is wrong with them;
/// `failed_precondition` if they have another version.
Result<std::string_view> unframe(FrameKind kind, std::string_view bytes);

}  // namespace weir::base
