// How CAF reads and writes messages: it asks each type for an overload of `inspect`. WEIR_MESSAGE
// and WEIR_EMPTY_MESSAGE make one for a struct of weir::actors, which hands CAF one block of bytes
// written by Weir's own codecs. What else travels in messages, frames and types of other layers,
// has its overload here.
//
// Bytes that are not those of the type make reading fail.
#pragma once

#include "actors/frame_wire.hpp"
#include "actors/message_codec.hpp"
#include "base/ids.hpp"
#include "checkpoint/messages.hpp"

#include <caf/deserializer.hpp>
#include <caf/error.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/sec.hpp>
#include <caf/serializer.hpp>

#include <type_traits>
#include <utility>

namespace weir::actors {

/// Writes or reads a message as one block of bytes.
template <class Inspector, class T>
auto inspect_as_bytes(Inspector& f, const char* name, T& message) {
  if constexpr (Inspector::writes_state) {
    Bytes bytes;
    if (auto error = f(bytes)) return error;
    ByteReader in{bytes};
    message = decode<T>(in);
    return in.ok() && in.at_end() ? caf::error{} : caf::make_error(caf::sec::unexpected_message);
  } else if constexpr (std::is_base_of_v<caf::serializer, Inspector>) {
    ByteWriter out;
    encode(message, out);
    Bytes bytes = out.take();
    return f(bytes);
  } else {
    return f(caf::meta::type_name(name));
  }
}

/// A message without content.
template <class Inspector>
auto inspect_empty(Inspector& f, const char* name) {
  return f(caf::meta::type_name(name));
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses is no declaration.
#define WEIR_MESSAGE(type)                      \
  template <class Inspector>                    \
  auto inspect(Inspector& f, type& message) {   \
    return inspect_as_bytes(f, #type, message); \
  }
#define WEIR_EMPTY_MESSAGE(type)      \
  template <class Inspector>          \
  auto inspect(Inspector& f, type&) { \
    return inspect_empty(f, #type);   \
  }
// NOLINTEND(bugprone-macro-parentheses)

/// Header and content travel apart, so that a batch is copied as one block.
template <class Inspector>
auto inspect(Inspector& f, DataFrame& message) {
  if constexpr (Inspector::writes_state) {
    FrameHeader header;
    Bytes content;
    if (auto error = f(header.channel, header.attempt, header.sequence, header.kind, content))
      return error;
    return from_wire(header, std::move(content), message)
               ? caf::error{}
               : caf::make_error(caf::sec::unexpected_message);
  } else if constexpr (std::is_base_of_v<caf::serializer, Inspector>) {
    FrameHeader header = header_of(message);
    Bytes encoded;
    return f(header.channel, header.attempt, header.sequence, header.kind,
             content_of(message.frame.element, encoded));
  } else {
    return f(caf::meta::type_name("DataFrame"));
  }
}

}  // namespace weir::actors

namespace weir {
template <class Inspector, class Tag, class Number>
auto inspect(Inspector& f, Id<Tag, Number>& id) {
  return actors::inspect_as_bytes(f, "Id", id);
}
template <class Inspector>
auto inspect(Inspector& f, SubtaskId& id) {
  return actors::inspect_as_bytes(f, "SubtaskId", id);
}
}  // namespace weir

namespace weir::checkpoint {
template <class Inspector>
auto inspect(Inspector& f, Ack& message) {
  return actors::inspect_as_bytes(f, "Ack", message);
}
template <class Inspector>
auto inspect(Inspector& f, Decline& message) {
  return actors::inspect_as_bytes(f, "Decline", message);
}
template <class Inspector>
auto inspect(Inspector& f, SavepointRequest& message) {
  return actors::inspect_as_bytes(f, "SavepointRequest", message);
}
}  // namespace weir::checkpoint
