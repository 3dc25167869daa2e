// Sending control messages, which must survive being lost, repeated or late: the protocol's
// timeouts and ids make up for it, or that they are sent again and again. Tests disturb them
// through FaultPoints.
#pragma once

#include "actors/services.hpp"

#include <chrono>
#include <string_view>
#include <utility>

namespace weir::actors {

inline constexpr std::chrono::milliseconds kLateBy{50};  // how late a delayed message comes

/// Sends `message`, of the kind `name`, to `to`.
template <class Self, class Dest, class Message>
void send_control(Self* self, const Services& services, const Dest& to, std::string_view name,
                  Message message) {
  if (!services.faults.disturbs_messages()) [[likely]] {
    self->send(to, std::move(message));
    return;
  }
  switch (services.faults.fate_of(name)) {
    case base::Fate::deliver: self->send(to, std::move(message)); return;
    case base::Fate::drop: return;
    case base::Fate::duplicate:
      self->send(to, message);
      self->send(to, std::move(message));
      return;
    case base::Fate::delay: self->delayed_send(to, kLateBy, std::move(message)); return;
  }
}

}  // namespace weir::actors
