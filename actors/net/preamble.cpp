#include "actors/net/preamble.hpp"

#include "base/assert.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <utility>

namespace weir::net {
namespace {

// Begins with a byte that neither TLS, HTTP nor CAF begins with; the line ends notice a channel
// that changes them. On the wire: do not change.
constexpr std::string_view kMagic{"\x93WEIR\r\n\x1a", 8};
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kKindAt = 12;
constexpr std::size_t kReservedAt = 13;
constexpr std::size_t kTokenAt = 16;

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!text.empty()) text += ' ';
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

/// Compares in a time that does not depend on where the first difference is.
bool same(const Token& a, const Token& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string encode(const Preamble& preamble) {
  std::string bytes{kMagic};
  for (unsigned shift = 0; shift < 32; shift += 8)
    bytes += static_cast<char>((preamble.version >> shift) & 0xffU);
  bytes += static_cast<char>(preamble.kind);
  bytes.append(kTokenAt - kReservedAt, '\0');
  for (const std::uint8_t byte : preamble.token) bytes += static_cast<char>(byte);
  return bytes;
}

std::optional<std::string> wrong_start(std::string_view bytes) {
  const std::size_t size = std::min(bytes.size(), kMagic.size());
  if (bytes.substr(0, size) == kMagic.substr(0, size)) return std::nullopt;
  // A handshake, or the alert that answers what is none.
  if (bytes.starts_with('\x16') || bytes.starts_with('\x15'))
    return "it speaks TLS, and this side does not: give both the same security.ssl.* options";
  return "it is no Weir process: its first bytes are " + hex(bytes.substr(0, 8));
}

Result<Preamble> decode(std::string_view bytes) {
  WEIR_ASSERT(bytes.size() == kPreambleBytes, "a preamble has 32 bytes");
  if (auto wrong = wrong_start(bytes)) return Status{ErrorCode::corrupt, *std::move(wrong)};
  Preamble preamble{.version = 0};
  for (std::size_t i = 4; i-- > 0;)
    preamble.version = preamble.version << 8U | static_cast<unsigned char>(bytes[kVersionAt + i]);
  const auto kind = static_cast<unsigned char>(bytes[kKindAt]);
  preamble.kind = static_cast<PreambleKind>(kind);
  for (std::size_t i = 0; i < preamble.token.size(); ++i)
    preamble.token[i] = static_cast<std::uint8_t>(bytes[kTokenAt + i]);
  const std::string_view reserved = bytes.substr(kReservedAt, kTokenAt - kReservedAt);
  // Another version may say more; this one does not.
  if (preamble.version == kProtocolVersion &&
      (kind > static_cast<unsigned char>(PreambleKind::wrong_token) ||
       reserved.find_first_not_of('\0') != std::string_view::npos))
    return Status{ErrorCode::corrupt, "its preamble is damaged: " + hex(bytes.substr(kKindAt, 4))};
  return preamble;
}

Greeting::Greeting(Role role, Identity mine)
    : role_{role}, mine_{mine}, state_{role == Role::dial ? State::writing : State::reading} {
  if (role == Role::dial) output_ = encode({PreambleKind::hello, mine.version, mine.token});
}

void Greeting::wrote(std::size_t bytes) {
  WEIR_ASSERT(state_ == State::writing && bytes <= to_write().size(), "nothing is being written");
  written_ += bytes;
  if (!to_write().empty()) return;
  if (role_ == Role::dial)
    state_ = State::reading;
  else
    state_ = refusal_.ok() ? State::done : State::refused;
}

void Greeting::received(std::string_view bytes) {
  WEIR_ASSERT(state_ == State::reading && bytes.size() <= room(), "nothing may be read");
  input_ += bytes;
  if (auto wrong = wrong_start(input_)) return refuse({ErrorCode::corrupt, *std::move(wrong)});
  if (room() > 0) return;
  auto theirs = decode(input_);
  if (!theirs.ok()) return refuse(theirs.status());
  if (role_ == Role::accept)
    judge_hello(*theirs);
  else
    judge_answer(*theirs);
}

void Greeting::judge_hello(const Preamble& theirs) {
  Preamble answer{PreambleKind::welcome, mine_.version, {}};
  if (theirs.version != mine_.version) {
    answer.kind = PreambleKind::wrong_version;
    refusal_ = other_version(theirs.version);
  } else if (theirs.kind != PreambleKind::hello) {
    return refuse({ErrorCode::corrupt, "it answers before it was asked"});
  } else if (!same(theirs.token, mine_.token)) {
    answer.kind = PreambleKind::wrong_token;
    refusal_ = {ErrorCode::permission_denied,
                "it belongs to another cluster: its weir.cluster.token is not this one's"};
  } else {
    answer.token = mine_.token;
  }
  output_ = encode(answer);
  state_ = State::writing;
}

void Greeting::judge_answer(const Preamble& theirs) {
  if (theirs.version != mine_.version) return refuse(other_version(theirs.version));
  switch (theirs.kind) {
    case PreambleKind::wrong_token:
      return refuse({ErrorCode::permission_denied,
                     "it belongs to another cluster: give both the same weir.cluster.token"});
    case PreambleKind::welcome:
      if (same(theirs.token, mine_.token)) {
        state_ = State::done;
        return;
      }
      return refuse({ErrorCode::permission_denied,
                     "it let this process in without knowing the weir.cluster.token"});
    case PreambleKind::hello:
    case PreambleKind::wrong_version: break;
  }
  refuse({ErrorCode::corrupt, "it answers a greeting with something else"});
}

void Greeting::refuse(Status why) {
  refusal_ = std::move(why);
  state_ = State::refused;
}

Status Greeting::other_version(std::uint32_t theirs) const {
  return {ErrorCode::failed_precondition,
          "it speaks protocol version " + std::to_string(theirs) + ", this process version " +
              std::to_string(mine_.version) + "; run the same version of Weir on both sides"};
}

}  // namespace weir::net
