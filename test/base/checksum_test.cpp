#include "base/checksum.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <string>

using weir::base::crc32c;

namespace {

/// The definition, bit by bit.
std::uint32_t reference(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

}  // namespace

TEST_CASE("CRC32C equals the published check value", "[checksum]") {
  CHECK(crc32c("123456789") == 0xe3069283U);  // RFC 3720, appendix B.4
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  CHECK(crc32c("") == 0U);
}

TEST_CASE("CRC32C is right for all lengths around the block size of the fast path", "[checksum]") {
  weir::base::Random random{1};
  std::string bytes(40'000, '\0');
  for (char& c : bytes) c = static_cast<char>(random.next());
  for (const std::size_t size :
       {1UL, 7UL, 8UL, 9UL, 12'287UL, 12'288UL, 12'289UL, 24'577UL, 39'999UL}) {
    const std::string_view part = std::string_view{bytes}.substr(1, size);
    CHECK(crc32c(part) == reference(part));
    CHECK(crc32c(part.substr(size / 3), crc32c(part.substr(0, size / 3))) == reference(part));
  }
}
