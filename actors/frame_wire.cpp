#include "actors/frame_wire.hpp"

#include "actors/message_codec.hpp"

#include <utility>

namespace weir::actors {
namespace {

// What follows the header. On the wire: do not change.
enum class Kind : std::uint8_t {
  batch = 1,
  barrier = 2,
  cancel = 3,
  end_of_data = 4,
  probe = 5,
  watermark = 6
};

struct KindOf {
  Kind operator()(const detail::BatchRef&) const { return Kind::batch; }
  Kind operator()(const runtime::EncodedBatch&) const { return Kind::batch; }
  Kind operator()(const checkpoint::Barrier&) const { return Kind::barrier; }
  Kind operator()(const runtime::CancelBarrier&) const { return Kind::cancel; }
  Kind operator()(const runtime::EndOfData&) const { return Kind::end_of_data; }
  Kind operator()(const runtime::EndProbe&) const { return Kind::probe; }
  Kind operator()(const runtime::Watermark&) const { return Kind::watermark; }
};

struct Content {
  Bytes& encoded;

  Bytes& operator()(runtime::EncodedBatch& batch) const { return batch.bytes; }
  Bytes& operator()(const detail::BatchRef& batch) const {
    ByteWriter out;
    batch->encode(out);
    return encoded = out.take();
  }
  Bytes& operator()(const checkpoint::Barrier& barrier) const { return put(barrier); }
  Bytes& operator()(const runtime::CancelBarrier& cancel) const { return put(cancel.id); }
  Bytes& operator()(const runtime::EndOfData&) const { return encoded; }
  Bytes& operator()(const runtime::EndProbe& probe) const { return put(probe); }
  Bytes& operator()(const runtime::Watermark& watermark) const { return put(watermark); }

private:
  template <class T>
  Bytes& put(const T& value) const {
    ByteWriter out;
    encode(value, out);
    return encoded = out.take();
  }
};

template <class T>
bool read(const Bytes& content, T& value) {
  ByteReader in{content};
  value = decode<T>(in);
  return in.ok() && in.at_end();
}

}  // namespace

FrameHeader header_of(const DataFrame& frame) {
  return {.channel = frame.channel.value(),
          .attempt = frame.attempt.value(),
          .sequence = frame.frame.sequence,
          .kind = static_cast<std::uint8_t>(std::visit(KindOf{}, frame.frame.element))};
}

Bytes& content_of(runtime::Element& element, Bytes& encoded) {
  return std::visit(Content{encoded}, element);
}

bool from_wire(const FrameHeader& header, Bytes content, DataFrame& frame) {
  frame.channel = ChannelIndex{header.channel};
  frame.attempt = AttemptId{header.attempt};
  frame.frame.sequence = header.sequence;
  runtime::Element& element = frame.frame.element;
  switch (static_cast<Kind>(header.kind)) {
    case Kind::batch: element = runtime::EncodedBatch{std::move(content)}; return true;
    case Kind::barrier: return read(content, element.emplace<checkpoint::Barrier>());
    case Kind::cancel: return read(content, element.emplace<runtime::CancelBarrier>().id);
    case Kind::end_of_data: element = runtime::EndOfData{}; return content.empty();
    case Kind::probe: return read(content, element.emplace<runtime::EndProbe>());
    case Kind::watermark: return read(content, element.emplace<runtime::Watermark>());
  }
  return false;
}

}  // namespace weir::actors
