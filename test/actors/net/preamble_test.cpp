#include "actors/net/preamble.hpp"

#include "actors/net/frame_guard.hpp"
#include "actors/net/refusal_log.hpp"
#include "base/random.hpp"

#include <catch2/catch.hpp>

using Catch::Contains;
using namespace std::chrono_literals;
using namespace weir;
using namespace weir::net;

namespace {

using Role = Greeting::Role;
using State = Greeting::State;

const Identity kMine{kProtocolVersion, make_token("blue")};

/// Moves what one side has to write to the other, `step` bytes at a time.
void carry(Greeting& from, Greeting& to, std::size_t step = kPreambleBytes) {
  while (from.state() == State::writing) {
    const std::string bytes{from.to_write().substr(0, step)};
    from.wrote(bytes.size());
    if (to.state() == State::reading) to.received(bytes);
  }
}

/// Lets two processes greet each other; returns what each says of the other.
std::pair<Status, Status> greet(const Identity& dialling, const Identity& accepting) {
  Greeting dial{Role::dial, dialling};
  Greeting accept{Role::accept, accepting};
  carry(dial, accept);
  carry(accept, dial);
  CHECK((dial.state() == State::done) == dial.refusal().ok());
  CHECK((accept.state() == State::done) == accept.refusal().ok());
  return {dial.refusal(), accept.refusal()};
}

/// What the accepting side says of `bytes`, and that it answers nothing.
std::string refusal_of(const std::string& bytes) {
  Greeting accept{Role::accept, kMine};
  for (const char c : bytes) {
    if (accept.state() == State::reading) accept.received({&c, 1});
  }
  CHECK(accept.state() == State::refused);
  CHECK(accept.to_write().empty());
  CHECK(accept.refusal().code() == ErrorCode::corrupt);
  return accept.refusal().message();
}

}  // namespace

TEST_CASE("the layout of the preamble", "[net][preamble]") {
  Token token{};
  for (std::uint8_t i = 0; i < 16; ++i) token[i] = static_cast<std::uint8_t>(0xf0 + i);
  const std::string bytes = encode({PreambleKind::wrong_token, 0x01020304, token});
  CHECK(bytes == std::string("\x93WEIR\r\n\x1a\x04\x03\x02\x01\x03\0\0\0"
                             "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff",
                             32));
  CHECK(bytes.size() == kPreambleBytes);
  const Preamble hello{PreambleKind::hello, kProtocolVersion, token};
  CHECK(decode(encode(hello)).value() == hello);
}

TEST_CASE("two processes of one cluster let each other in", "[net][preamble]") {
  const auto step = GENERATE(1U, 5U, 32U);
  Greeting dial{Role::dial, kMine};
  Greeting accept{Role::accept, kMine};
  CHECK(dial.state() == State::writing);
  CHECK(accept.state() == State::reading);
  carry(dial, accept, step);
  CHECK(accept.state() == State::writing);
  CHECK(dial.room() == kPreambleBytes);
  carry(accept, dial, step);
  CHECK(dial.state() == State::done);
  CHECK(accept.state() == State::done);
}

TEST_CASE("both sides of another version say both versions", "[net][preamble]") {
  const auto [dial, accept] = greet({7, kMine.token}, {8, kMine.token});
  CHECK(dial.code() == ErrorCode::failed_precondition);
  CHECK(accept.code() == ErrorCode::failed_precondition);
  CHECK_THAT(dial.message(), Contains("protocol version 8, this process version 7"));
  CHECK_THAT(accept.message(), Contains("protocol version 7, this process version 8"));
}

TEST_CASE("another cluster is refused, and learns no token", "[net][preamble]") {
  Greeting accept{Role::accept, kMine};
  accept.received(encode({PreambleKind::hello, kProtocolVersion, make_token("red")}));
  CHECK(decode(accept.to_write()).value() ==
        Preamble{PreambleKind::wrong_token, kProtocolVersion, Token{}});
  accept.wrote(kPreambleBytes);
  CHECK(accept.state() == State::refused);

  const auto [dial, other] = greet({kProtocolVersion, {}}, kMine);
  CHECK(dial.code() == ErrorCode::permission_denied);
  CHECK(other.code() == ErrorCode::permission_denied);
  CHECK_THAT(dial.message(), Contains("weir.cluster.token"));
  CHECK_THAT(other.message(), Contains("weir.cluster.token"));
}

TEST_CASE("an answer that proves nothing is refused by who dialled", "[net][preamble]") {
  const auto answered = [](const Preamble& answer) {
    Greeting dial{Role::dial, kMine};
    dial.wrote(kPreambleBytes);
    dial.received(encode(answer));
    CHECK(dial.state() == State::refused);
    return dial.refusal().message();
  };
  CHECK_THAT(answered({PreambleKind::welcome, kProtocolVersion, Token{}}),
             Contains("without knowing the weir.cluster.token"));
  CHECK_THAT(answered({PreambleKind::hello, kProtocolVersion, kMine.token}),
             Contains("something else"));
  CHECK_THAT(answered({PreambleKind::wrong_version, kProtocolVersion, {}}),
             Contains("something else"));
}

TEST_CASE("strangers are refused at their first wrong byte, without an answer", "[net][preamble]") {
  CHECK_THAT(refusal_of("\x16\x03\x01"), Contains("it speaks TLS"));
  CHECK_THAT(refusal_of("\x15\x03\x01"), Contains("it speaks TLS"));
  CHECK_THAT(refusal_of("GET / HTTP/1.1\r\n"), Contains("no Weir process") && Contains("47"));
  CHECK_THAT(refusal_of(std::string(32, '\0')), Contains("its first bytes are 00"));
  CHECK_THAT(refusal_of("\x93WEIQ"), Contains("93 57 45 49 51"));
  CHECK_THAT(refusal_of(encode({PreambleKind::welcome, kProtocolVersion, kMine.token})),
             Contains("before it was asked"));
  std::string reserved = encode({PreambleKind::hello, kProtocolVersion, kMine.token});
  reserved[14] = 1;
  CHECK_THAT(refusal_of(reserved), Contains("preamble is damaged: 00 00 01 00"));
  std::string kind = encode({PreambleKind::hello, kProtocolVersion, kMine.token});
  kind[12] = 9;
  CHECK_THAT(refusal_of(kind), Contains("preamble is damaged"));
}

TEST_CASE("a later version is recognised, whatever else it says", "[net][preamble]") {
  std::string later = encode({PreambleKind::hello, 99, make_token("unknown")});
  later[12] = 77;
  later[13] = 1;
  Greeting accept{Role::accept, kMine};
  accept.received(later);
  CHECK(decode(accept.to_write())->kind == PreambleKind::wrong_version);
  CHECK_THAT(accept.refusal().message(), Contains("protocol version 99"));
}

TEST_CASE("no random bytes are let in", "[net][preamble]") {
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    base::Random random{seed};
    std::string bytes = encode({PreambleKind::hello, kProtocolVersion, kMine.token});
    // Some are nearly right: the more of the good bytes stay, the further they come.
    const std::uint64_t from = random.below(kPreambleBytes);
    for (std::size_t i = from; i < bytes.size(); ++i) bytes[i] = static_cast<char>(random.next());
    if (bytes == encode({PreambleKind::hello, kProtocolVersion, kMine.token})) continue;
    Greeting accept{Role::accept, kMine};
    accept.received(bytes);
    if (accept.state() == State::writing) accept.wrote(kPreambleBytes);
    CHECK(accept.state() == State::refused);
  }
}

TEST_CASE("headers that CAF must not see are refused", "[net][frames]") {
  const auto header = [](unsigned kind, std::uint32_t length) {
    std::string bytes(32, '\0');
    bytes[0] = static_cast<char>(kind);
    for (std::size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<char>(length >> (24 - 8 * i));
    return bytes;
  };
  const auto first = [](const std::string& bytes) { return FrameGuard{1'000}.next(bytes); };
  for (unsigned kind = 0; kind < 6; ++kind) {
    CHECK(first(header(kind, 0)).value_or("") ==
          "a message of kind " + std::to_string(kind) + " with 0 bytes of payload");
    CHECK_FALSE(first(header(kind, 1)));
    CHECK_FALSE(first(header(kind, 1'000)));
    CHECK_THAT(first(header(kind, 1'001)).value_or(""), Contains("above the limit of 1000 B"));
    CHECK_THAT(first(header(kind, 0xffffffff)).value_or(""), Contains("4.0 GiB"));
  }
  CHECK_FALSE(first(header(6, 0)));
  CHECK_THAT(first(header(6, 4)).value_or(""), Contains("kind 6 with 4 bytes"));
  CHECK_THAT(first(header(7, 4)).value_or(""), Contains("unknown kind 7"));
  CHECK_THAT(first("short").value_or(""), Contains("a header of 5 bytes"));
}

TEST_CASE("payloads are not taken for headers, nor the other way round", "[net][frames]") {
  FrameGuard guard{1'000};
  const std::string heartbeat = "\x06" + std::string(31, '\0');
  std::string with_payload = "\x02" + std::string(31, '\0');
  with_payload[7] = 40;
  const std::string looks_bad(40, '\xff');
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(guard.next(heartbeat));
    CHECK_FALSE(guard.next(with_payload));
    CHECK_FALSE(guard.next(looks_bad));
  }
  CHECK(guard.next(looks_bad));
}

TEST_CASE("an address may cause some lines at once, then one now and then", "[net][log]") {
  RefusalLimiter limiter{{.burst = 3, .every = 10s}};
  for (int i = 0; i < 3; ++i) CHECK(limiter.admit("a", 0s) == 0U);
  for (int i = 0; i < 5; ++i) CHECK_FALSE(limiter.admit("a", 1s));
  CHECK(limiter.admit("b", 1s) == 0U);   // others are not concerned
  CHECK(limiter.admit("a", 10s) == 5U);  // says how many were kept back
  CHECK_FALSE(limiter.admit("a", 19s));
  CHECK(limiter.admit("a", 20s) == 1U);
  for (int i = 0; i < 3; ++i) CHECK(limiter.admit("a", 1h) == 0U);  // never more than the burst
  CHECK_FALSE(limiter.admit("a", 1h));
}

TEST_CASE("very many addresses share what one may cause", "[net][log]") {
  RefusalLimiter limiter{{.burst = 2, .every = 10s}};
  std::uint64_t lines = 0;
  for (int i = 0; i < 50'000; ++i) lines += limiter.admit("n" + std::to_string(i), 0s) ? 1 : 0;
  CHECK(lines == 1'002);
  CHECK(limiter.admit("late", 1min) == 0U);  // the quiet ones are forgotten by then
}
