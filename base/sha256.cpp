#include "base/sha256.hpp"

#include "base/assert.hpp"

#include <openssl/evp.h>

#include <array>

namespace weir::base {
namespace {

constexpr std::size_t kBytes = 32;
constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, kBytes> hash{};
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  WEIR_ASSERT(done == 1, "SHA-256 needs nothing that could be missing");
  std::string text;
  for (const unsigned char byte : hash) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

bool is_sha256(std::string_view text) {
  return text.size() == 2 * kBytes && text.find_first_not_of(kDigits) == std::string_view::npos;
}

}  // namespace weir::base
