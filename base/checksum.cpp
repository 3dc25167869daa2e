#include "base/checksum.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace weir::base {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, bits reversed

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kTable = make_table();

std::uint32_t crc_by_table(const char* at, std::size_t size, std::uint32_t crc) {
  for (; size != 0; --size, ++at)
    crc = kTable[(crc ^ static_cast<unsigned char>(*at)) & 0xff] ^ (crc >> 8);
  return crc;
}

#if defined(__x86_64__)
// The instruction has a latency of three cycles: three independent streams keep it busy. Their
// checksums are joined by multiplying with x^(8 * kStride) through tables.
constexpr std::size_t kStride = 4096;  // bytes per stream and round

constexpr std::uint32_t advance_by_zeros(std::uint32_t crc, std::size_t zeros) {
  for (; zeros != 0; --zeros) crc = kTable[crc & 0xff] ^ (crc >> 8);
  return crc;
}

struct ShiftTables {
  std::array<std::array<std::uint32_t, 256>, 4> by_byte{};

  ShiftTables() {
    for (std::uint32_t byte = 0; byte < 4; ++byte) {
      for (std::uint32_t i = 0; i < 256; ++i)
        by_byte[byte][i] = advance_by_zeros(i << (8 * byte), kStride);
    }
  }
  std::uint32_t shift(std::uint32_t crc) const {
    return by_byte[0][crc & 0xff] ^ by_byte[1][(crc >> 8) & 0xff] ^ by_byte[2][(crc >> 16) & 0xff] ^
           by_byte[3][crc >> 24];
  }
};

std::uint64_t load(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t crc_by_instruction(const char* at, std::size_t size,
                                                                   std::uint32_t crc) {
  static const ShiftTables tables;
  while (size >= 3 * kStride) {
    std::uint64_t a = crc;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    for (std::size_t i = 0; i < kStride; i += 8) {
      a = _mm_crc32_u64(a, load(at + i));
      b = _mm_crc32_u64(b, load(at + kStride + i));
      c = _mm_crc32_u64(c, load(at + 2 * kStride + i));
    }
    crc = tables.shift(static_cast<std::uint32_t>(a)) ^ static_cast<std::uint32_t>(b);
    crc = tables.shift(crc) ^ static_cast<std::uint32_t>(c);
    at += 3 * kStride;
    size -= 3 * kStride;
  }
  std::uint64_t rest = crc;
  for (; size >= 8; size -= 8, at += 8) rest = _mm_crc32_u64(rest, load(at));
  crc = static_cast<std::uint32_t>(rest);
  for (; size != 0; --size, ++at) crc = _mm_crc32_u8(crc, static_cast<unsigned char>(*at));
  return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) noexcept {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ~crc_by_instruction(bytes.data(), bytes.size(), ~crc);
#endif
  return ~crc_by_table(bytes.data(), bytes.size(), ~crc);
}

}  // namespace weir::base
