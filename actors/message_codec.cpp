#include "actors/message_codec.hpp"

namespace weir {
namespace {

// Which element follows. On the wire: do not change.
enum class Kind : std::uint8_t { batch = 1, barrier = 2, cancel = 3, end_of_data = 4 };

struct Encoder {
  ByteWriter& out;

  void operator()(const detail::BatchRef& batch) const {
    ByteWriter bytes;
    batch->encode(bytes);
    out.put(static_cast<std::uint8_t>(Kind::batch));
    out.put_string(bytes.view());
  }
  void operator()(const runtime::EncodedBatch& batch) const {
    out.put(static_cast<std::uint8_t>(Kind::batch));
    out.put_string(batch.bytes);
  }
  void operator()(const checkpoint::Barrier& barrier) const {
    out.put(static_cast<std::uint8_t>(Kind::barrier));
    encode(barrier, out);
  }
  void operator()(const runtime::CancelBarrier& cancel) const {
    out.put(static_cast<std::uint8_t>(Kind::cancel));
    encode(cancel.id, out);
  }
  void operator()(const runtime::EndOfData&) const {
    out.put(static_cast<std::uint8_t>(Kind::end_of_data));
  }
};

}  // namespace

void Codec<runtime::Element>::encode(const runtime::Element& element, ByteWriter& out) {
  std::visit(Encoder{out}, element);
}

runtime::Element Codec<runtime::Element>::decode(ByteReader& in) {
  switch (static_cast<Kind>(in.get<std::uint8_t>())) {
    case Kind::batch: return runtime::EncodedBatch{Bytes{in.get_string()}};
    case Kind::barrier: return weir::decode<checkpoint::Barrier>(in);
    case Kind::cancel: return runtime::CancelBarrier{weir::decode<CheckpointId>(in)};
    case Kind::end_of_data: return runtime::EndOfData{};
  }
  in.fail();
  return runtime::EndOfData{};
}

}  // namespace weir
