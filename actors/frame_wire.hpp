// The frames of a channel on their way to another process.
#pragma once

#include "base/ids.hpp"
#include "runtime/task/element.hpp"

namespace weir::actors {

/// The next frame of a channel. `channel` is the receiver's index.
struct DataFrame {
  ChannelIndex channel;
  AttemptId attempt;  // of the sender
  runtime::Frame frame;
};

/// What a frame is, apart from its content.
struct FrameHeader {
  std::uint32_t channel = 0;
  std::uint32_t attempt = 0;
  std::uint64_t sequence = 0;
  std::uint8_t kind = 0;
};

FrameHeader header_of(const DataFrame& frame);

/// Returns the content of an element as bytes: those of an encoded batch themselves, else `encoded`
/// after it has been filled.
Bytes& content_of(runtime::Element& element, Bytes& encoded);

/// Puts a frame together again; false if the bytes are not those of a frame.
bool from_wire(const FrameHeader& header, Bytes content, DataFrame& frame);

}  // namespace weir::actors
