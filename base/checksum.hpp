// CRC32C: the checksum of everything that Weir writes to disk.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::base {

/// Returns the CRC32C (Castagnoli) of `bytes`, continuing from `crc`, the checksum of the bytes
/// before them (0 at the start). Uses the SSE4.2 instruction where the processor has it.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0) noexcept;

}  // namespace weir::base
