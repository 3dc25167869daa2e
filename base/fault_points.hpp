// FaultPoints: named moments at which a test or a chaos rule may end an actor. Present in release
// builds; one predictable branch when nothing is armed.
#pragma once

#include <weir/chaos.hpp>

#include <cstdint>
#include <string_view>

namespace weir::base {

/// What becomes of a control message on its way.
enum class Fate : std::uint8_t { deliver, drop, duplicate, delay };

/// Asked at each named moment. Implementations may be called from any thread.
class FaultPoints {
public:
  virtual ~FaultPoints() = default;

  /// Whether any rule waits for a moment; when false, callers skip the questions below.
  virtual bool armed() const noexcept { return false; }

  /// `who` ("counts/1", "coordinator") has reached `phase` of `checkpoint`. Returns whether `who`
  /// must die at once. Other victims are killed by the implementation itself.
  virtual bool reached(std::string_view who, Phase phase, std::uint64_t checkpoint) {
    static_cast<void>(who), static_cast<void>(phase), static_cast<void>(checkpoint);
    return false;
  }

  /// `who` has taken in `count` records in this attempt. Returns whether it must die at once.
  virtual bool processed(std::string_view who, std::uint64_t count) {
    static_cast<void>(who), static_cast<void>(count);
    return false;
  }

  /// Whether control messages may meet another fate than delivery.
  virtual bool disturbs_messages() const noexcept { return false; }

  /// A control message of kind `message` ("Ack") is about to leave.
  virtual Fate fate_of(std::string_view message) {
    static_cast<void>(message);
    return Fate::deliver;
  }
};

}  // namespace weir::base
