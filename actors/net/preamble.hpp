// The first bytes of every connection, in both directions, before CAF's own protocol.
//
// CAF's parser trusts what it reads: 32 forged bytes end the process. So it sees nothing of a peer
// that has not shown that it is a Weir process of the same version and the same cluster.
//
//   dialling side                accepting side
//        |  hello  ------------------->  |   judges; a wrong magic is not answered at all
//        |  <------- welcome or refusal  |
//        v                               v
//             CAF's protocol (BASP)
//
// Invariants
//  - The dialling side sends nothing behind its hello before the answer is there.
//  - The accepting side shows its token only to who has shown the same.
//  - The magic and the place of the version never change, so that any two versions can refuse each
//    other with a reason. The layout is in docs/formats/preamble.md.
#pragma once

#include "actors/net/security.hpp"

#include <weir/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

/// What this program speaks behind the preamble: the messages between the processes of a cluster.
/// One more with every change that the other side must know.
inline constexpr std::uint32_t kProtocolVersion = 1;

/// On the wire: do not change.
inline constexpr std::size_t kPreambleBytes = 32;

/// What a preamble says. On the wire: do not change.
enum class PreambleKind : std::uint8_t {
  hello = 0,
  welcome = 1,
  wrong_version = 2,  // the sender has another version than the receiver
  wrong_token = 3,    // the receiver's token is not the sender's
};

struct Preamble {
  PreambleKind kind = PreambleKind::hello;
  std::uint32_t version = kProtocolVersion;
  Token token{};

  friend bool operator==(const Preamble&, const Preamble&) = default;
};

/// What a process brings along to each preamble.
struct Identity {
  std::uint32_t version = kProtocolVersion;
  Token token{};
};

std::string encode(const Preamble& preamble);

/// Says what is wrong with the first bytes of a connection, of which more may come; nothing if they
/// may be a preamble.
std::optional<std::string> wrong_start(std::string_view bytes);

/// Reads `kPreambleBytes` bytes. `corrupt` says what is wrong with them.
Result<Preamble> decode(std::string_view bytes);

/// One side of the exchange. Bytes go in and out; sockets are somebody else's.
///
///   dial:    write hello -> read answer -> done or refused
///   accept:  read hello -> write answer -> done or refused
class Greeting {
public:
  enum class Role : std::uint8_t { dial, accept };
  enum class State : std::uint8_t { reading, writing, done, refused };

  Greeting(Role role, Identity mine);

  State state() const { return state_; }
  /// What is left to write, in state `writing`.
  std::string_view to_write() const { return std::string_view{output_}.substr(written_); }
  void wrote(std::size_t bytes);
  /// How many bytes may be read at most, in state `reading`: never one of what follows.
  std::size_t room() const { return kPreambleBytes - input_.size(); }
  /// Takes at most `room()` bytes that have come.
  void received(std::string_view bytes);
  /// Why, in state `refused`: `corrupt` for strangers, `failed_precondition` for another version,
  /// `permission_denied` for another token.
  const Status& refusal() const { return refusal_; }

private:
  void judge_hello(const Preamble& theirs);
  void judge_answer(const Preamble& theirs);
  void refuse(Status why);
  Status other_version(std::uint32_t theirs) const;

  Role role_;
  Identity mine_;
  State state_;
  std::string input_;
  std::string output_;
  std::size_t written_ = 0;
  Status refusal_;
};

}  // namespace weir::net
