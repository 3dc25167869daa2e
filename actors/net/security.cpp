#include "actors/net/security.hpp"

#include "base/assert.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>

#include <algorithm>
#include <vector>

namespace weir::net {
namespace {

bool is_loopback_v6(const in6_addr& address) {
  if (IN6_IS_ADDR_V4MAPPED(&address) != 0) return address.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&address) != 0;
}

}  // namespace

Token make_token(std::string_view secret) {
  Token token{};
  if (secret.empty()) return token;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const int done =
      EVP_Digest(secret.data(), secret.size(), digest.data(), &size, EVP_sha256(), nullptr);
  WEIR_ASSERT(done == 1 && size >= token.size(), "libcrypto has no SHA-256");
  std::copy_n(digest.begin(), token.size(), token.begin());
  return token;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  const std::string text{host};
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 && is_loopback_v6(v6);
}

Status check_security(const Security& security) {
  if (security.mode != Security::Mode::tls) return {};
  std::string missing;
  for (const auto& [key, value] : std::vector<std::pair<std::string_view, const std::string&>>{
           {"security.ssl.certificate", security.certificate},
           {"security.ssl.key", security.key},
           {"security.ssl.ca", security.ca}}) {
    if (value.empty()) missing.append(missing.empty() ? "" : " and ").append(key);
  }
  if (missing.empty()) return {};
  return {ErrorCode::invalid_argument,
          "security.ssl.enabled also needs " + missing +
              "; `weir certs init DIR` makes the files and prints the options"};
}

Status check_address(const Security& security, std::string_view host, std::string_view address) {
  if (security.mode != Security::Mode::loopback || is_loopback(address)) return {};
  const std::string name{host};
  return {ErrorCode::permission_denied,
          (name.empty() ? "all addresses" : name) +
              (host == address || name.empty() ? "" : " (" + std::string{address} + ")") +
              " can be reached from other machines, and nothing is encrypted; set the "
              "security.ssl.* options (`weir certs init DIR` makes what they need), take an "
              "address of this machine alone such as 127.0.0.1, or accept the risk with "
              "--insecure"};
}

}  // namespace weir::net
